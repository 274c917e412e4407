import type { Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { elsewhere, PASSWORD, unique } from './person'
import { add, expectConnected, messages, open, row } from './screen'
import { expect, test } from './test'

test.describe('the first run', () => {
  test.use({ servers: 'closed' })

  test('the printed link makes the first account, which is an operator, and works once', async ({ visitor, system, browser, guard }) => {
    await visitor.goto(system.firstRun)
    await expectAccessible(visitor, 'the first account')
    await signUp(visitor, 'Olga Operator')
    await expectConnected(visitor)
    await expect(visitor.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Operator' })).toBeVisible()

    const context = await browser.newContext({ baseURL: system.url, ...elsewhere() })
    await guard.watch(context)
    const second = await context.newPage()
    await second.goto(system.firstRun)
    await signUp(second, 'Second')
    await expect(second.getByRole('alert')).toContainText(/link|code/i)
    await expect(second.getByLabel('Name')).toHaveValue('Second')
  })

  test('where nobody can sign up, the page says who makes accounts @binary', async ({ visitor }) => {
    await visitor.goto('/sign-up')
    await signUp(visitor, 'Stranger')
    await expect(visitor.getByRole('note')).toContainText(/closed.*whoever runs this server/)
    await expectAccessible(visitor, 'closed sign-up')
  })
})

test('whoever opens a list without a session signs in, and is on that list then', async ({ visitor, person }) => {
  await visitor.goto('/upcoming?q=rent')
  await expectAccessible(visitor, 'sign in')
  await visitor.getByLabel('E-mail').fill(person.email)
  await visitor.getByLabel('Password', { exact: true }).fill('not this one')
  await visitor.keyboard.press('Enter')
  await expect(visitor.getByRole('alert')).toContainText(/password/i)
  await visitor.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await visitor.keyboard.press('Enter')
  await expectConnected(visitor)
  await expect(visitor).toHaveURL(/\/upcoming\?q=rent$/)
})

test('signing out ends the session and leaves nothing of the person behind', async ({ page, person }) => {
  await person.add({ title: 'Private matter' })
  await open(page)
  await expect(row(page, 'Private matter')).toBeVisible()
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/sign-in/)
  await expect.poll(() => kept(page)).not.toContain('Private matter')
  await page.goto('/tasks')
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
})

test('a message that is shown when somebody signs out goes with them', async ({ page, person }) => {
  await open(page)
  await person.add({ title: 'Private reminder', reminderAt: new Date(Date.now() + 1000).toISOString() })
  await expect(messages(page)).toContainText('Private reminder')
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await expect(messages(page)).not.toContainText('Private reminder')
})

test('a session that ends while something is typed: the words stay, and go out after signing in again', async ({ page, person, context }) => {
  await page.clock.install()
  await open(page)
  const field = page.getByRole('textbox', { name: 'Add a task' })
  await field.fill('Write the speech')
  await person.endSessions()
  await page.clock.fastForward('20:00') // the page's token is over
  await context.setOffline(true)
  await context.setOffline(false)
  const dialog = page.getByRole('dialog', { name: 'Sign in again' })
  await expect(dialog).toBeVisible()
  await expectAccessible(page, 'signing in again')
  await page.clock.resume()
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await expect(dialog).toBeHidden()
  await expect(field).toHaveValue('Write the speech')
  await field.press('Enter')
  await expect.poll(() => person.titles()).toEqual(['Write the speech'])
  await expectConnected(page)
})

test('a write that meets an ended session is kept, and goes out after signing in again, once', async ({ page, person }) => {
  await open(page)
  await page.route('**/api/*/tasks', (route) => (route.request().method() === 'POST' ? route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{}' }) : route.fallback()))
  await person.endSessions()
  await add(page, 'Kept')
  const dialog = page.getByRole('dialog', { name: 'Sign in again' })
  await expect(dialog).toBeVisible()
  await page.unrouteAll()
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await expect(dialog).toBeHidden()
  await expect.poll(() => person.titles()).toEqual(['Kept'])
})

async function signUp(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('E-mail').fill(`${unique()}@example.org`)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
}

/** Everything that the browser keeps for the page. */
async function kept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const parts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)]
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise<IDBDatabase>((done, failed) => {
        const opening = indexedDB.open(name ?? '')
        opening.onsuccess = () => done(opening.result)
        opening.onerror = () => failed(opening.error ?? new Error(name))
      })
      for (const store of db.objectStoreNames) {
        const all = db.transaction(store).objectStore(store).getAll()
        await new Promise((done) => (all.onsuccess = done))
        parts.push(JSON.stringify(all.result))
      }
      db.close()
    }
    return parts.join('\n')
  })
}
