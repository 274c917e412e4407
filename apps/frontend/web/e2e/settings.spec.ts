import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { expectAccessibleInBothThemes } from './axe'
import { kept } from './kept'
import { elsewhere, PASSWORD, type Person } from './person'
import { expectConnected, messages, open, row } from './screen'
import { expect, test } from './test'

test.describe('without a service worker, which would have the code', () => {
  test.use({ serviceWorkers: 'block' })

  test('the theme is chosen here and in the menu, on all devices, from the first paint on', async ({ page, person, browser, guard }) => {
    await page.emulateMedia({ colorScheme: 'light' })
    await open(page, '/settings')
    await page.getByRole('radio', { name: 'Dark' }).click()
    await expectTheme(page, 'dark')
    await expect.poll(() => preferences(person)).toMatchObject({ theme: 'dark' })
    const other = await person.device(browser, guard, { colorScheme: 'light' })
    await open(other, '/today')
    await expectTheme(other, 'dark')
    await other.getByRole('button', { name: /^Account of/ }).click()
    await other.getByRole('menuitemradio', { name: 'Light' }).click()
    await expectTheme(other, 'light')
    await expect.poll(() => preferences(person)).toMatchObject({ theme: 'light' })

    // What was chosen here last is there before anything of the page has loaded.
    await page.route('**/assets/*.js', (route) => route.abort())
    await page.goto('/settings')
    await expectTheme(page, 'dark')
    await page.unrouteAll()
    await open(page, '/settings')
    await expectTheme(page, 'light')
    await page.getByRole('radio', { name: 'As the system' }).click()
    await page.emulateMedia({ colorScheme: 'dark' })
    await expectTheme(page, 'dark')
    await page.emulateMedia({ colorScheme: 'light' })
    await expectTheme(page, 'light')
  })
})

test('the time zone is chosen, and taken back to that of the device; what the server refuses is said', async ({ page, person }) => {
  await open(page, '/settings')
  const zone = page.getByLabel('Time zone')
  await expect(zone).toHaveValue('Europe/Berlin')
  await zone.selectOption('Pacific/Kiritimati')
  const there = new Intl.DateTimeFormat('en-GB', { timeZone: 'Pacific/Kiritimati', weekday: 'long' }).format(new Date())
  await expect(zone).toHaveAccessibleDescription(new RegExp(`\\b${there}\\b.*there|there.*\\b${there}\\b`, 'i'))
  await expect.poll(() => preferences(person)).toMatchObject({ timeZone: 'Pacific/Kiritimati' })
  await page.reload()
  await expect(zone).toHaveValue('Pacific/Kiritimati')
  await page.getByRole('note').filter({ hasText: 'This device is in another zone.' }).getByRole('button', { name: 'Use Europe/Berlin' }).click()
  await expect(zone).toHaveValue('Europe/Berlin')
  await expect.poll(() => preferences(person)).toMatchObject({ timeZone: 'Europe/Berlin' })
  await page.route('**/preferences', (route) => (route.request().method() === 'PUT' ? route.fulfill({ status: 422, contentType: 'application/problem+json', body: '{"title":"x","status":422,"detail":"this zone is closed"}' }) : route.fallback()))
  await zone.selectOption('Asia/Tokyo')
  await expect(page.getByRole('alert')).toContainText('This zone is closed')
  await expect(zone).toHaveValue('Europe/Berlin')
})

test('the name and the password are changed; other sessions are seen and ended', async ({ page, person, browser, guard, system }) => {
  const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0'
  const other = await person.device(browser, guard, { userAgent: firefox })
  await open(other)
  await open(page, '/settings')
  const sessions = page.getByRole('listitem').filter({ hasText: 'signed in' })
  await expect(sessions).toHaveCount(3) // this browser, the other one, and the person's scripts
  await expect(sessions.first()).toContainText('this browser')
  await expect(sessions.first().getByRole('button')).toHaveCount(0)
  await page.getByRole('button', { name: 'Sign out: Firefox on Windows' }).click()
  await expect(messages(page)).toContainText('Signed out there.')
  await expect(sessions).toHaveCount(2)
  await other.reload()
  await expect(other.getByRole('dialog', { name: 'Sign in again' })).toBeVisible()

  await page.getByLabel('Name').fill('Ann Lee-Roe')
  await page.getByRole('button', { name: 'Save name' }).click()
  await expect(messages(page)).toContainText('Your name is changed.')
  await expect(page.getByRole('button', { name: 'Account of Ann Lee-Roe' })).toBeVisible()

  await page.getByLabel('Current password').fill('not this one')
  await page.getByLabel('New password').fill('another long password')
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page.getByLabel('Current password')).toHaveAttribute('aria-invalid', 'true')
  await expectAccessibleInBothThemes(page, 'settings with a wrong password')
  await page.getByLabel('Current password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(messages(page)).toContainText(/password is changed.*signed out everywhere else/)
  await expect(page.getByLabel('Current password')).toHaveValue('')
  await expect(sessions).toHaveCount(1)

  const try1 = await tryToSignIn(system.url, PASSWORD)
  const try2 = await tryToSignIn(system.url, 'another long password')
  expect([try1, try2]).toEqual([401, 200])
  await page.reload()
  await expectConnected(page) // this browser stays signed in

  async function tryToSignIn(url: string, password: string): Promise<number> {
    const context = await browser.newContext(elsewhere())
    const answer = await context.request.post(`${url}/api/auth/sign-in/email`, { data: { email: person.email, password }, headers: { Origin: url } })
    await context.close()
    return answer.status()
  }
})

test('everything of a person is exported, and deleted for good with the right password only', async ({ page, person, system }) => {
  const { id } = await person.add({ title: 'Mine', tags: ['secret'] })
  await person.change(id, { title: 'Still mine' })
  await open(page)
  await expect(row(page, 'Still mine')).toBeVisible()
  await open(page, '/settings')
  await page.route('**/export', (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"title":"x","status":403,"detail":"not now"}' }))
  await page.getByRole('button', { name: 'Export as JSON' }).click()
  await expect(page.getByRole('alert')).toContainText('Not now')
  await page.unrouteAll()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export as JSON' }).click()])
  expect(download.suggestedFilename()).toMatch(/^tasktide-\d{4}-\d\d-\d\d\.json$/)
  const all = JSON.parse(await readFile(await download.path(), 'utf8')) as Record<string, unknown>
  expect(JSON.stringify(all)).toContain('Still mine')
  expect(JSON.stringify(all)).toContain(person.email)
  await expect(page.getByText('The file is among your downloads.')).toBeVisible()

  await page.getByRole('button', { name: 'Delete…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete account and data?' })
  await expect(dialog.getByLabel('Your password', { exact: true })).toBeFocused()
  await expectAccessibleInBothThemes(page, 'the question before the account is deleted')
  await dialog.getByLabel('Your password', { exact: true }).fill('not this one')
  await page.keyboard.press('Enter')
  await expect(dialog.getByLabel('Your password', { exact: true })).toHaveAttribute('aria-invalid', 'true')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(dialog).toBeHidden()
  expect(await person.titles()).toEqual(['Still mine'])

  await page.getByRole('button', { name: 'Delete…' }).click()
  await dialog.getByLabel('Your password', { exact: true }).fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Delete everything' }).click()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await expect.poll(() => kept(page)).not.toMatch(/Still mine|secret/)
  expect(await system.tasktide(['users', 'list'])).not.toContain(person.email)
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText(/password/i)
})

async function expectTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
}

async function preferences(person: Person): Promise<unknown> {
  return person.call('GET', 'preferences')
}
