import type { Page } from '@playwright/test'
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

const pathOf = (request: { url(): string }): string => new URL(request.url()).pathname

/** Those of the paths that are asked for, in order. */
function record(page: Page, paths: string[]): string[] {
  const asked: string[] = []
  page.on('request', (request) => void (paths.includes(pathOf(request)) && asked.push(pathOf(request))))
  return asked
}
