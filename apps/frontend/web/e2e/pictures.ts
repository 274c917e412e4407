import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from '@playwright/test'
import { settled } from './axe'
import { elsewhere, PASSWORD, unique, type Person } from './person'
import { addField, expectConnected, open, openDetails } from './screen'
import { fill, SCREENS } from './screens'
import { expect, test } from './test'

// Pictures of every screen, to be looked at, in e2e/pictures. Those of DOCS are also made small, for docs/pictures.

const HERE = 'e2e/pictures'
const DOCS = '../../../docs/pictures'
const NARROW = { width: 390, height: 780 }
const WIDE = { width: 1280, height: 800 }

const forDocs = new Set(['today-light', 'today-dark', 'tasks-narrow', 'details-light', 'activity-light', 'history-light', 'operator-light', 'first-account-light', 'notifications-light', 'settings-light', 'upcoming-dark', 'add-light'])

const looks: Record<string, BrowserContextOptions> = {
  light: { viewport: WIDE, colorScheme: 'light' },
  dark: { viewport: WIDE, colorScheme: 'dark' },
  narrow: { viewport: NARROW, colorScheme: 'light', hasTouch: true, isMobile: true },
}

for (const [look, options] of Object.entries(looks)) {
  test(`every screen, empty and full, ${look}`, async ({ person, browser, guard, system }) => {
    test.setTimeout(240_000)
    await system.tasktide(['users', 'grant', person.email, 'operator'])
    const page = await person.device(browser, guard, { ...options, reducedMotion: 'reduce' })
    await everyScreen(page, '', `empty-${look}`, look)
    const task = await fill(person)
    await page.reload()
    await everyScreen(page, task, look, look)
    await open(page, '/tasks')
    await openDetails(page, 'Pay the rent')
    await shoot(page, `details-${look}`)
    if (look !== 'narrow') {
      await open(page, '/tasks')
      await addField(page).fill('Pay rent every month on the 1st at 9 !high #home')
      await expect(page.getByText(/^then /)).toBeVisible()
      await shoot(page, `add-${look}`)
      await addField(page).fill('')
      await addField(page).blur()
      await page.getByRole('button', { name: /^Account of/ }).click()
      await expect(page.getByRole('menu')).toBeVisible()
      await shoot(page, `menu-${look}`)
      await page.keyboard.press('Escape')
      await expect(page.getByRole('menu')).toBeHidden()
      await page.keyboard.press('?')
      await expect(page.getByRole('dialog')).toBeVisible()
      await shoot(page, `keys-${look}`)
    }
    await page.context().close()
  })

  test(`what goes wrong, ${look}`, async ({ person, browser, guard }) => {
    const page = await person.device(browser, guard, { ...options, reducedMotion: 'reduce' })
    await trouble(page, person, look)
    await page.context().close()
  })

  test(`without an account, ${look}`, async ({ browser, system, person }) => {
    const page = await newPage(browser, system.url, options)
    await page.goto('/sign-in')
    await shoot(page, `sign-in-${look}`)
    await page.getByLabel('E-mail').fill(person.email)
    await page.getByLabel('Password', { exact: true }).fill('not this one')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('alert')).toBeVisible()
    await shoot(page, `sign-in-error-${look}`)
    await page.goto('/sign-up?code=ABCDEFGHIJKLMNOPQRSTUVWXYZ')
    await page.getByLabel('Name').fill('Ann Lee')
    await page.getByLabel('E-mail').fill(`${unique()}@example.org`)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await shoot(page, `first-account-${look}`)
    await page.context().close()
  })
}

async function everyScreen(page: Page, task: string, suffix: string, look: string): Promise<void> {
  for (const { name, path } of [...SCREENS, { name: 'operator', path: '/operator' }]) {
    if (path.includes('TASK') && !task) continue
    await open(page, path.replace('TASK', task))
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
    await shoot(page, `${name}-${suffix}`)
  }
  if (look === 'narrow') {
    await page.getByRole('button', { name: 'More' }).click()
    await expect(page.getByRole('dialog', { name: 'More' })).toBeVisible()
    await shoot(page, `more-${suffix}`)
  }
}

/** A conflict, a write that is refused, no connection, a list that does not load, a page that is not there. */
async function trouble(page: Page, person: Person, look: string): Promise<void> {
  await fill(person)
  await open(page)
  await page.route('**/api/*/tasks/*', (route) => (route.request().method() === 'PUT' ? route.fulfill({ status: 422, contentType: 'application/problem+json', body: '{"title":"Invalid","status":422,"detail":"title is on the list of words"}' }) : route.fallback()))
  const panel = await openDetails(page, 'Buy oat milk')
  await panel.getByLabel('Title', { exact: true }).fill('Buy oat milk and bread')
  await panel.getByLabel('Title', { exact: true }).press('Enter')
  await expect(panel.getByRole('button', { name: 'Discard' })).toBeVisible()
  await shoot(page, `refused-${look}`)
  if (look === 'narrow') await page.keyboard.press('Escape')
  await page.context().setOffline(true)
  await expect(page.getByRole('banner').getByRole('status')).toHaveText(/^Offline/)
  await shoot(page, `offline-${look}`)
  await page.context().setOffline(false)
  await expectConnected(page)
  await page.goto('/no/such/page')
  await shoot(page, `not-found-${look}`)
}

async function newPage(browser: Browser, baseURL: string, options: BrowserContextOptions): Promise<Page> {
  return (await browser.newContext({ baseURL, reducedMotion: 'reduce', ...elsewhere(), ...options })).newPage()
}

async function shoot(page: Page, name: string): Promise<void> {
  await settled(page)
  mkdirSync(HERE, { recursive: true })
  const png = await page.screenshot({ path: join(HERE, `${name}.png`), caret: 'hide' })
  if (forDocs.has(name)) await small(page, png, name)
}

/** The browser itself makes it small. */
async function small(page: Page, png: Buffer, name: string): Promise<void> {
  const blank = await (await page.context().browser()?.newContext())?.newPage()
  if (!blank) throw new Error('no browser')
  const webp = await blank.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob())
    const canvas = new OffscreenCanvas(image.width, image.height)
    canvas.getContext('2d')?.drawImage(image, 0, 0)
    let text = ''
    for (const byte of new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.86 })).arrayBuffer())) text += String.fromCharCode(byte)
    return btoa(text)
  }, png.toString('base64'))
  await blank.context().close()
  mkdirSync(DOCS, { recursive: true })
  const bytes = Buffer.from(webp, 'base64')
  expect(bytes.length, `${name} for the docs`).toBeLessThan(100_000)
  writeFileSync(join(DOCS, `${name}.webp`), bytes)
}
