import { open, openDetails, row } from './screen'
import { expect, test } from './test'

const minutes = 60_000

for (const [what, off] of [['an hour fast', 60 * minutes], ['an hour slow', -60 * minutes], ['a year slow', -365 * 1440 * minutes]] as const) {
  test(`the browser's clock is ${what}: what is due, and when, is right all the same`, async ({ page, person }) => {
    await page.clock.install({ time: Date.now() + off })
    await person.add({ title: 'Soon', dueDate: new Date(Date.now() + 30 * minutes).toISOString() })
    await person.add({ title: 'Missed', dueDate: new Date(Date.now() - 30 * minutes).toISOString() })
    await open(page)
    await expect(row(page, 'Missed')).toContainText('Overdue')
    await expect(row(page, 'Soon')).not.toContainText('Overdue')
    await openDetails(page, 'Soon')
    await expect(page.getByText(/Added (just now|now|moments|less than|a few|\d+ seconds?)/i)).toBeVisible()
  })
}

test('days are those of the chosen zone, whatever zone the machine is in', async ({ page, person, browser, guard }) => {
  await open(page, '/today')
  await person.call('PUT', 'preferences', { timeZone: 'Pacific/Kiritimati' })
  const there = await person.device(browser, guard, { timezoneId: 'Pacific/Pago_Pago', locale: 'en-GB' })
  await open(there, '/today')
  const weekday = (timeZone: string) => new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'long' }).format(new Date())
  expect(weekday('Pacific/Kiritimati')).not.toBe(weekday('Pacific/Pago_Pago')) // they are 25 hours apart
  await expect(there.getByRole('main')).toContainText(weekday('Pacific/Kiritimati'))
  await person.call('PUT', 'preferences', { timeZone: 'Pacific/Pago_Pago' })
  await there.reload()
  await expect(there.getByRole('main')).toContainText(weekday('Pacific/Pago_Pago'))
})

test('at midnight what was tomorrow is today, without a reload', async ({ page, person, context }) => {
  const zone = 'Europe/Berlin'
  await person.call('PUT', 'preferences', { timeZone: zone })
  const tomorrow = day(Date.now() + 1440 * minutes, zone)
  await person.add({ title: 'The day after', dueDate: midnight(tomorrow, zone), timeZone: zone })
  const toMidnight = Date.parse(midnight(tomorrow, zone)) - Date.now()
  let ahead = toMidnight - 60_000 // the server says that it is a minute to midnight
  await page.clock.install({ time: Date.now() + ahead })
  await context.route('**/api/**', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, headers: { ...response.headers(), date: new Date(Date.now() + ahead).toUTCString() } })
  })
  await open(page, '/today')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Today')
  await expect(row(page, 'The day after')).toHaveCount(0)
  ahead += 61_000
  await page.clock.fastForward('01:01')
  await expect(row(page, 'The day after')).toBeVisible()
})

function day(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms)
}

/** When a day begins in a zone. */
function midnight(date: string, timeZone: string): string {
  for (let ms = Date.parse(`${date}T00:00:00Z`) - 15 * 60 * minutes; ; ms += 15 * minutes) if (day(ms, timeZone) === date) return new Date(ms).toISOString()
}
