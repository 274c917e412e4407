import type { Locator, Page } from '@playwright/test'
import { expectAccessibleInBothThemes } from './axe'
import type { Person } from './person'
import { details, messages, open, row } from './screen'
import { expect, test } from './test'

/** A time for a reminder that is over: the person is reminded at once. */
const justNow = () => new Date(Date.now() - 1000).toISOString()

test('a reminder is opened, completed and put off where it pops up', async ({ page, person }) => {
  await open(page, '/upcoming')
  const due = new Date(Date.now() + 7_200_000).toISOString()
  await person.add({ title: 'Open me', dueDate: due, reminderAt: justNow() })
  await expectUnread(page, 1)
  await expectAccessibleInBothThemes(page, 'a reminder in a corner')
  await message(page, 'Open me').getByRole('button', { name: 'Open' }).click()
  await expect(details(page).getByRole('textbox', { name: 'Title' })).toHaveValue('Open me')
  await expect(messages(page)).not.toContainText('Open me')
  await expectUnread(page, 0)

  const { id } = await person.add({ title: 'Complete me', reminderAt: justNow() })
  await message(page, 'Complete me').getByRole('button', { name: 'Complete' }).click()
  await expect(row(page, 'Complete me')).toHaveCount(0)
  await expect.poll(async () => (await person.tasks()).find((task) => task.id === id)?.completed).toBe(true)

  await person.add({ title: 'Put me off', reminderAt: justNow() })
  await message(page, 'Put me off').getByRole('button', { name: 'Snooze' }).click()
  await page.getByRole('menuitem', { name: 'In 1 hour' }).click()
  await expect(messages(page)).toContainText(/Snoozed.*again: (today|tomorrow), \d\d:\d\d/i)
  await expect.poll(() => minutesTo(person, 'Put me off')).toBeGreaterThan(58)
  expect(await minutesTo(person, 'Put me off')).toBeLessThanOrEqual(60)
  await expectUnread(page, 0)
})

test('reminders that come one after the other do not cover the page: more than three are one message', async ({ page, person }) => {
  await open(page)
  for (const title of ['One', 'Two', 'Three']) {
    await person.add({ title, reminderAt: justNow() })
    await expect(message(page, title)).toBeVisible()
  }
  await person.add({ title: 'Four', reminderAt: justNow() })
  await expect(messages(page).getByRole('status')).toHaveText([/4 reminders are due/])
  await person.add({ title: 'Five', reminderAt: justNow() })
  await expect(messages(page).getByRole('status')).toHaveText([/5 reminders are due/])
  await messages(page).getByRole('button', { name: 'Show' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Notifications' })).toBeVisible()
  await expect(messages(page).getByRole('status')).toHaveCount(0)
})

test('the list of notifications: each is read, opened or deleted, and all are read at once', async ({ page, person }) => {
  for (const title of ['Water the plants', 'Call mum', 'Pay the rent']) await person.add({ title, reminderAt: justNow() })
  await expect.poll(async () => ((await person.call('GET', 'notifications')) as unknown[]).length).toBe(3)
  await open(page, '/notifications')
  const status = page.getByRole('main').getByRole('status').filter({ hasText: /unread|You have read/ })
  await expect(status).toHaveText('3 unread')
  const item = (title: string) => page.getByRole('listitem').filter({ hasText: title })

  await item('Call mum').getByRole('button', { name: 'Mark as read' }).click()
  await expect(status).toHaveText('2 unread')
  await expectUnread(page, 2)
  await page.getByRole('radio', { name: 'Unread' }).click()
  await expect(item('Call mum')).toHaveCount(0)
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(2)
  await page.getByRole('radio', { name: 'All' }).click()
  await expect(item('Call mum')).toBeVisible()

  await item('Pay the rent').getByRole('button', { name: 'Complete' }).click()
  await expect(status).toHaveText('1 unread')
  await expect(item('Pay the rent').getByRole('button', { name: 'Snooze' })).toHaveCount(0)
  await item('Call mum').getByRole('button', { name: 'Delete' }).click()
  await expect(item('Call mum')).toHaveCount(0)
  await page.getByRole('button', { name: 'Read all' }).click()
  await expect(status).toHaveText('You have read everything.')
  await expect(page.getByRole('button', { name: 'Read all' })).toBeDisabled()

  await expect.poll(async () => (await person.tasks()).find((task) => task.title === 'Pay the rent')?.completed).toBe(true)
  await expect.poll(async () => ((await person.call('GET', 'notifications')) as { read: boolean }[]).map((n) => n.read)).toEqual([true, true])
  await page.reload()
  await expect(status).toHaveText('You have read everything.')
  await expect(item('Call mum')).toHaveCount(0)
  await item('Water the plants').getByRole('link', { name: 'History of Water the plants' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Water the plants' })).toBeVisible()
})

test('what a notification can not do is said, and what was there comes back', async ({ page, person }) => {
  await person.add({ title: 'Stubborn', reminderAt: justNow() })
  await expect.poll(async () => ((await person.call('GET', 'notifications')) as unknown[]).length).toBe(1)
  await open(page, '/notifications')
  await page.route('**/api/*/notifications/*', (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', body: '{"title":"x","status":409,"detail":"not today"}' }))
  await page.getByRole('listitem').filter({ hasText: 'Stubborn' }).getByRole('button', { name: 'Delete' }).click()
  await expect(messages(page).getByRole('alert')).toContainText('It could not be deleted.')
  await expect(page.getByRole('listitem').filter({ hasText: 'Stubborn' })).toBeVisible()
  await expectAccessibleInBothThemes(page, 'a message that something went wrong')
})

test('a reminder shows outside the page when nobody looks at it, if that is allowed and wanted @window', async ({ page, person, context }) => {
  await page.clock.install()
  await context.grantPermissions(['notifications'])
  // Chromium without a window shows no notifications; what it is asked to show is kept, and the page takes it for shown.
  await page.addInitScript(() => {
    const asked: Notification[] = []
    class Kept extends Notification {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options)
        asked.push(this)
      }
    }
    Object.assign(window, { Notification: Kept, asked })
    Object.defineProperty(document, 'visibilityState', { get: () => ('away' in window ? 'hidden' : 'visible') })
  })
  const shown = () => page.evaluate(() => (window as unknown as { asked: Notification[] }).asked.map(({ title, body }) => `${title}: ${body}`))
  await open(page, '/settings')
  const wanted = page.getByRole('switch', { name: 'Show reminders as notifications of this browser' })
  await expect(wanted).toBeChecked()
  await person.add({ title: 'Looked at', reminderAt: justNow() })
  await expect(message(page, 'Looked at')).toBeVisible()

  await page.evaluate(() => Object.assign(window, { away: true }))
  await wanted.click()
  await expect(wanted).not.toBeChecked()
  await person.add({ title: 'Not wanted', reminderAt: justNow() })
  await expect(message(page, 'Not wanted')).toBeVisible()
  await page.clock.fastForward(2000) // it listens a moment whether another tab is looked at

  await wanted.click()
  await expect(wanted).toBeChecked()
  const { id } = await person.add({ title: 'Take the cake out', reminderAt: justNow() })
  await expect.poll(shown).toEqual(['Take the cake out: Reminder'])
  await page.evaluate(() => (window as unknown as { asked: Notification[] }).asked[0]?.dispatchEvent(new Event('click')))
  await expect(page).toHaveURL(new RegExp(`/tasks\\?task=${id}`))
  await expect(details(page).getByRole('textbox', { name: 'Title' })).toHaveValue('Take the cake out')
})

test('a browser that was told to show no notifications is believed, and the page says what to do', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(Notification, 'permission', { get: () => 'denied' }))
  await open(page, '/settings')
  await expect(page.getByRole('switch', { name: 'Show reminders as notifications of this browser' })).toBeDisabled()
  await expect(page.getByRole('note').filter({ hasText: 'was told not to let the page show notifications' })).toBeVisible()
})

/** What pops up about a task. */
function message(page: Page, title: string): Locator {
  return messages(page).getByRole('status').filter({ hasText: title })
}

async function expectUnread(page: Page, count: number): Promise<void> {
  const name = count === 0 ? 'Notifications' : count === 1 ? '1 unread notification' : `${count} unread notifications`
  await expect(page.getByRole('banner').getByRole('link', { name, exact: true })).toBeVisible()
}

async function minutesTo(person: Person, title: string): Promise<number> {
  const task = (await person.tasks()).find((t) => t.title === title) as unknown as { reminderAt: string } | undefined
  return (Date.parse(task?.reminderAt ?? '') - Date.now()) / 60_000
}
