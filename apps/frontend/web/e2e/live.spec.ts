import type { Locator } from '@playwright/test'
import { add, addField, checkbox, connection, edit, expectConnected, expectNotReloaded, mark, messages, open, openDetails, remove, row, titleField } from './screen'
import { expect, test } from './test'

test('two browsers side by side: each change of one is in the other, without a reload', async ({ page, person, browser, guard }) => {
  const other = await person.device(browser, guard)
  await Promise.all([open(page), open(other)])
  await mark(other)
  await add(page, 'Shared')
  await expect(row(other, 'Shared')).toBeVisible()
  await edit(page, 'Shared')
  await titleField(page).fill('Renamed')
  await titleField(page).press('Enter')
  await expect(row(other, 'Renamed')).toBeVisible()
  await expect(row(other, 'Shared')).toHaveCount(0)
  await checkbox(other, 'Renamed').click()
  await expect(row(page, 'Renamed')).toBeHidden()
  await open(page, '/completed')
  await remove(page, 'Renamed')
  await other.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Completed' }).click()
  await expect(row(other, 'Renamed')).toBeHidden()
  await expectNotReloaded(other)
})

test('what changes above does not move what is looked at', async ({ page, person }) => {
  const day = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString()
  for (let i = 10; i < 60; i++) await person.add({ title: `Task ${i}`, dueDate: day(i) })
  await open(page, '/tasks')
  await row(page, 'Task 10').hover()
  await page.mouse.wheel(0, 900)
  const title = await page.getByRole('checkbox').nth(12).getAttribute('aria-label')
  const seen = page.getByRole('checkbox', { name: title ?? '', exact: true })
  await expect.poll(() => steady(seen)).toBe(true)
  const before = (await seen.boundingBox())?.y
  for (let i = 0; i < 5; i++) await person.add({ title: `Above ${i}`, dueDate: day(1) })
  await person.add({ title: 'At the end', dueDate: day(90) })
  // The last of them is here when the count at the top says so.
  await expect(page.getByRole('listitem').first()).toHaveAttribute('aria-setsize', /5[6-9]|6\d/)
  expect(Math.abs(((await seen.boundingBox())?.y ?? 0) - (before ?? 0))).toBeLessThanOrEqual(1)
})

async function steady(locator: Locator): Promise<boolean> {
  const first = await locator.boundingBox()
  await locator.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
  return first?.y === (await locator.boundingBox())?.y
}

test.describe('the server dies', () => {
  test.use({ servers: 'own' })

  test('killed and back: nothing is lost, nothing is there twice, and nobody reloads', async ({ page, person, system }) => {
    await person.add({ title: 'Before' })
    await open(page)
    await mark(page)
    await system.down()
    await expect(connection(page)).toHaveText(/^Offline/)
    await add(page, 'While it was dead')
    await checkbox(page, 'Before').click()
    await add(page, 'And another')
    await addField(page).fill('Half a sent')
    await expect(connection(page)).toHaveText(/3 to send/)
    await system.up()
    await expectConnected(page)
    await expect.poll(() => person.titles()).toEqual(['And another', 'Before', 'While it was dead'])
    await expect.poll(async () => (await person.tasks()).find((task) => task.title === 'Before')?.completed).toBe(true)
    await expect(addField(page)).toHaveValue('Half a sent')
    await expect(row(page, 'While it was dead')).toHaveCount(1)
    await expectNotReloaded(page)
    await expect.poll(async () => ((await person.call('GET', 'audit?event_type=created')) as unknown[]).length).toBe(3)
  })

  test('a browser that was away while others wrote catches up by position', async ({ page, person, context }) => {
    await open(page)
    await mark(page)
    await context.setOffline(true)
    await expect(connection(page)).toHaveText(/^Offline/)
    for (let i = 0; i < 20; i++) await person.add({ title: `Missed ${i}` })
    const lists: string[] = []
    page.on('request', (request) => request.method() === 'GET' && /\/tasks$/.test(request.url()) && lists.push(request.url()))
    await context.setOffline(false)
    await expectConnected(page)
    for (const i of [0, 19]) await expect(row(page, `Missed ${i}`)).toHaveCount(1)
    expect(lists, 'the list was loaded again').toEqual([])
    await expectNotReloaded(page)
  })
})

test('a reminder pops up when it is due, and is counted by the bell', async ({ page, person }) => {
  await open(page)
  const soon = Date.now() + 3000
  await person.add({ title: 'Take the cake out', dueDate: new Date(soon + 600_000).toISOString(), reminderAt: new Date(soon).toISOString() })
  await expect(messages(page)).toContainText('Take the cake out')
  await expect(page.getByRole('banner').getByRole('link', { name: /notification.*1|1.*unread/i }).or(page.getByRole('banner').getByRole('button', { name: /notification.*1|1.*unread/i }))).toBeVisible()
})

test('changed on another device while it is edited here: both are shown, and nothing is overwritten', async ({ page, person }) => {
  const { id } = await person.add({ title: 'Plan' })
  await open(page)
  await edit(page, 'Plan')
  await titleField(page).fill('My plan')
  await person.change(id, { title: 'Their plan' })
  const task = page.getByRole('listitem').filter({ has: page.getByRole('textbox', { name: 'Title', exact: true }) })
  await expect(task).toContainText(/changed on another device.*Their plan/)
  await expect(titleField(page)).toHaveValue('My plan')
  await titleField(page).press('Enter') // not before the person has chosen
  await expect(titleField(page)).toHaveValue('My plan')
  expect(await person.titles()).toEqual(['Their plan'])
  await task.getByRole('button', { name: 'Keep mine' }).click()
  await expect.poll(() => person.titles()).toEqual(['My plan'])
})

test('a field that nothing was typed into follows the other device', async ({ page, person }) => {
  const { id } = await person.add({ title: 'Plan', description: 'old' })
  await open(page)
  const panel = await openDetails(page, 'Plan')
  await panel.getByLabel('Notes').focus()
  await person.change(id, { description: 'new' })
  await expect(panel.getByLabel('Notes')).toHaveValue('new')
  await expect(panel.getByText(/changed on another device/)).toHaveCount(0)
})
