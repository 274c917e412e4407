import { add, addField, checkbox, connection, edit, expectConnected, messages, open, remove, row, titleField } from './screen'
import { expect, test } from './test'

test('two tabs of one browser: each shows at once what the other does, and what is typed in one stays there', async ({ page, person, context }) => {
  await person.add({ title: 'Shared' })
  const other = await context.newPage()
  await open(page)
  await open(other)
  await addField(other).fill('Half a sentence')
  await edit(page, 'Shared')
  await titleField(page).fill('Renamed')
  await titleField(page).press('Enter')
  await expect(row(other, 'Renamed')).toBeVisible()
  await expect(row(other, 'Shared')).toHaveCount(0)
  await add(page, 'Added here')
  await expect(row(other, 'Added here')).toHaveCount(1)
  await checkbox(other, 'Renamed').click()
  await expect(row(page, 'Renamed')).toBeHidden()
  await remove(other, 'Added here')
  await expect(row(page, 'Added here')).toBeHidden()
  await messages(other).getByRole('status').filter({ hasText: 'Deleted' }).getByRole('button', { name: 'Undo' }).click()
  await expect(row(page, 'Added here')).toBeVisible()
  await expect(row(other, 'Added here')).toHaveCount(1)
  await expect(addField(other)).toHaveValue('Half a sentence')
  await expect.poll(async () => (await person.tasks()).map(({ title, completed }) => `${title} ${completed}`).sort()).toEqual(['Added here false', 'Renamed true'])
})

test('two tabs without a network: both show what waits, and all of it is sent once', async ({ page, person, context }) => {
  const other = await context.newPage()
  await open(page)
  await open(other)
  await context.setOffline(true)
  for (const tab of [page, other]) await expect(connection(tab)).toHaveText(/^Offline/)
  // The other tab has nothing to send itself, and no reason to look at what the browser keeps, but that it is told.
  await add(page, 'From the first tab')
  await expect(row(other, 'From the first tab')).toBeVisible()
  await add(other, 'From the second tab')
  for (const tab of [page, other]) {
    await expect(row(tab, 'From the first tab')).toBeVisible()
    await expect(row(tab, 'From the second tab')).toBeVisible()
  }
  await context.setOffline(false)
  for (const tab of [page, other]) {
    await expectConnected(tab)
    await expect(connection(tab)).not.toHaveText(/to send/)
  }
  await expect.poll(() => person.titles()).toEqual(['From the first tab', 'From the second tab'])
  await expect.poll(async () => ((await person.call('GET', 'audit?event_type=created')) as unknown[]).length).toBe(2)
  for (const tab of [page, other]) await expect(tab.getByRole('checkbox')).toHaveCount(2)
})
