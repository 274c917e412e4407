import type { Page } from '@playwright/test'
import { expectAccessible, expectAccessibleInBothThemes } from './axe'
import { kept } from './kept'
import { elsewhere, PASSWORD, Person, unique } from './person'
import { add, addField, connection, expectConnected, messages, open, row } from './screen'
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

test('anybody signs up where that is open: what is wrong is said at its field, and nothing typed is lost', async ({ visitor, person }) => {
  await visitor.goto('/sign-up')
  await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('Sign up')
  await expectAccessibleInBothThemes(visitor, 'sign up')
  await visitor.getByLabel('Name').fill('Newcomer')
  await visitor.getByLabel('E-mail').fill(person.email)
  await visitor.getByLabel('Password', { exact: true }).fill('short')
  await visitor.keyboard.press('Enter')
  await expect(visitor.getByLabel('Password', { exact: true })).toBeFocused() // the browser says how long it must be
  await visitor.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await visitor.keyboard.press('Enter')
  await expect(visitor.getByLabel('E-mail')).toHaveAccessibleDescription(/account|address/i)
  await expect(visitor.getByLabel('E-mail')).toHaveAttribute('aria-invalid', 'true')
  await expect(visitor.getByLabel('Name')).toHaveValue('Newcomer')
  await expectAccessible(visitor, 'an address that is taken')
  await visitor.getByLabel('E-mail').fill(`${unique()}@example.org`)
  await visitor.getByLabel('E-mail').press('Enter')
  await expectConnected(visitor)
  await expect(visitor).toHaveURL(/\/today$/)
  await expect(visitor.getByRole('button', { name: 'Account of Newcomer' })).toBeVisible()
  await expect(visitor.getByRole('link', { name: 'Operator' })).toHaveCount(0)
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

test('whoever signs out before all is sent is asked, and loses it only then', async ({ page, person, context }) => {
  await open(page)
  await context.setOffline(true)
  await expect(connection(page)).toHaveText(/^Offline/)
  await add(page, 'Not sent')
  await context.route('**/api/*/tasks', (route) => (route.request().method() === 'POST' ? route.abort() : route.fallback()))
  await context.setOffline(false)
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  const asking = page.getByRole('dialog', { name: 'Sign out and lose what was not sent?' })
  await expectAccessibleInBothThemes(page, 'the question before signing out')
  await asking.getByRole('button', { name: 'Cancel' }).click()
  await expect(row(page, 'Not sent')).toBeVisible()
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await asking.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await expect.poll(() => kept(page)).not.toContain('Not sent')
  expect(await person.titles()).toEqual([])
})

test('whoever signs out with something half typed is asked, too', async ({ page }) => {
  await open(page)
  await addField(page).fill('Half a thought')
  const leave = async () => {
    await page.getByRole('button', { name: /^Account of/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
  }
  await leave()
  await page.getByRole('dialog', { name: 'Sign out and lose what was not sent?' }).getByRole('button', { name: 'Cancel' }).click()
  await expect(addField(page)).toHaveValue('Half a thought')
  await addField(page).fill('')
  await leave()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
})

test('two people in one browser, one after the other: neither sees anything of the other', async ({ page, person, system, browser }) => {
  const next = await Person.join(system, browser, 'Bob Roe')
  await person.add({ title: 'Of Ann' })
  await next.add({ title: 'Of Bob' })
  await open(page)
  await expect(row(page, 'Of Ann')).toBeVisible()
  await addField(page).fill('Half a thought of Ann')
  await page.getByRole('button', { name: 'Account of Ann Lee' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
  await signIn(page, next)
  await expectConnected(page)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'All tasks' }).click()
  await expect(row(page, 'Of Bob')).toBeVisible()
  await expect(page.getByRole('checkbox')).toHaveCount(1)
  await expect(addField(page)).toHaveValue('')
  expect(await kept(page)).not.toContain('Ann')
  await page.getByRole('button', { name: 'Account of Bob Roe' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await signIn(page, person)
  await expectConnected(page)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'All tasks' }).click()
  await expect(row(page, 'Of Ann')).toBeVisible()
  await expect(page.getByRole('checkbox')).toHaveCount(1)
  expect(await next.titles()).toEqual(['Of Bob'])
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

async function signIn(page: Page, { email }: Person): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
}

async function signUp(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('E-mail').fill(`${unique()}@example.org`)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
}
