import type { Locator, Page } from '@playwright/test'
import { expectAccessibleInBothThemes } from './axe'
import { expectNotReloaded, mark, open } from './screen'
import { expect, test } from './test'

type StreamEvent = { position: number; topic: string; correlationId: string }

test('the stream is live, and each event is shown as the API has it', async ({ page, person, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await open(page, '/activity')
  await mark(page)
  await expect(page.getByRole('heading', { name: 'Nothing has happened yet' })).toBeVisible()
  const { id } = await person.add({ title: 'Pay the rent', recurringRule: 'monthly', dueDate: '2031-05-01T07:00:00Z', timeZone: 'Europe/Berlin' })
  await expect(events(page)).toHaveCount(1)
  await event(page, 1).getByRole('button', { name: /Pay the rent/ }).click()
  const json = event(page, 1).getByLabel('The event as JSON')
  expect(JSON.parse((await json.textContent()) ?? '')).toEqual((await stream())[0])
  await event(page, 1).getByRole('button', { name: 'Copy JSON' }).click()
  await expect.poll(async () => JSON.parse((await page.evaluate(() => navigator.clipboard.readText())) || '0') as unknown).toEqual((await stream())[0])
  await expectAccessibleInBothThemes(page, 'an event as JSON')

  // Completing it makes the next one: two events of one request.
  await person.call('PATCH', `tasks/${id}/complete`)
  await expect(events(page)).toHaveCount(3)
  await expect(event(page, 1).getByLabel('The event as JSON')).toBeVisible() // it stays open when others come above it
  await expect(event(page, 2)).toContainText('task-completed')
  await event(page, 2).getByRole('button', { name: /Pay the rent/ }).click()
  await event(page, 2).getByRole('button', { name: 'What this request caused' }).click()
  await expect(events(page)).toHaveCount(2)
  const [, completed, next] = await stream()
  expect(next?.correlationId).toBe(completed?.correlationId)
  await expect(event(page, 3)).toContainText(completed?.correlationId ?? '?')
  await page.getByRole('button', { name: 'Show all events' }).click()
  await expect(events(page)).toHaveCount(3)

  await page.getByLabel('Topic').selectOption('task-completed')
  await expect(events(page)).toHaveCount(1)
  await expect(event(page, 2)).toBeVisible()
  await expectNotReloaded(page)
  await event(page, 2).getByRole('link', { name: 'History of the task' }).click()
  await expect(page.getByRole('main')).toContainText('You completed it.')

  async function stream(): Promise<StreamEvent[]> {
    return (await person.call('GET', 'events?after=0')) as StreamEvent[]
  }
})

test('what is read stays where it is: new events wait above until they are asked for', async ({ page, person }) => {
  for (let i = 1; i <= 30; i++) await person.add({ title: `Task ${i}` })
  await open(page, '/activity')
  await event(page, 30).hover()
  await page.mouse.wheel(0, 600)
  await expect(event(page, 30)).not.toBeInViewport()
  await person.add({ title: 'Just now' })
  const news = page.getByRole('button', { name: '1 new event' })
  await expect(news).toBeVisible()
  await expectAccessibleInBothThemes(page, 'events that wait')
  await news.click()
  await expect(event(page, 31)).toBeInViewport()
  await expect(event(page, 31)).toContainText('Just now')
})

function events(page: Page): Locator {
  return page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem')
}

function event(page: Page, position: number): Locator {
  return events(page).filter({ has: page.getByText(new RegExp(`#${position}$`)) })
}
