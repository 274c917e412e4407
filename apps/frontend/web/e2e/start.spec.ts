import type { Page } from '@playwright/test'
import { Person, PASSWORD } from './person'
import { checkbox, expectConnected, open } from './screen'
import { expect, test } from './test'

test('what a visit needs is asked for once, and before the code is there', async ({ page, person }) => {
  await person.add({ title: 'Here at once' })
  const wanted = ['/api/auth/get-session', `/api/${person.id}/tasks`]
  const asked = record(page, wanted)
  const both = Promise.all(wanted.map((path) => page.waitForRequest((request) => pathOf(request) === path)))
  // The code does not come before the page has asked.
  await page.route('/assets/index*.js', async (route) => {
    await both
    await route.continue()
  })
  await open(page, '/tasks')
  await expect(checkbox(page, 'Here at once')).toBeVisible()
  await expectConnected(page)
  expect(asked).toEqual(wanted)

  asked.length = 0
  await page.unroute('/assets/index*.js')
  await page.reload()
  await expect(checkbox(page, 'Here at once')).toBeVisible()
  await expectConnected(page)
  // The browser keeps the list now.
  expect(asked).toEqual(wanted.slice(0, 1))
})

test.describe('without a service worker, as on a first visit', () => {
  test.use({ serviceWorkers: 'block' })

  for (const next of ['nobody', 'somebody else']) {
    test(`what was asked for before another tab signed out is not shown to ${next}`, async ({ page, person, context, system, browser }) => {
      await person.add({ title: 'Private matter' })
      const bob = await Person.join(system, browser)
      await open(page)
      const slow = await context.newPage()
      let arrive = () => {}
      const code = new Promise<void>((done) => (arrive = done))
      await slow.route('**/assets/index-*.js', (route) => code.then(() => route.continue()))
      const asked = slow.waitForResponse('**/api/auth/get-session')
      await slow.goto('/tasks', { waitUntil: 'commit' })
      await asked
      await page.getByRole('button', { name: /^Account of/ }).click()
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
      const email = page.getByLabel('E-mail')
      await expect(email).toBeVisible()
      if (next === 'somebody else') {
        await email.fill(bob.email)
        await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
        await page.keyboard.press('Enter')
        await expectConnected(page)
      }
      arrive()
      await (next === 'nobody' ? expect(slow.getByLabel('E-mail')).toBeVisible() : expectConnected(slow))
      await expect(checkbox(slow, 'Private matter')).toHaveCount(0)
      await bob.leave()
    })
  }
})

const pathOf = (request: { url(): string }): string => new URL(request.url()).pathname

/** Those of the paths that are asked for, in order. */
function record(page: Page, paths: string[]): string[] {
  const asked: string[] = []
  page.on('request', (request) => void (paths.includes(pathOf(request)) && asked.push(pathOf(request))))
  return asked
}
