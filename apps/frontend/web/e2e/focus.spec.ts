import type { Page } from '@playwright/test'
import { addField, details, literal, messages, open, openDetails, row } from './screen'
import { expect, test } from './test'

// Where the focus is when what had it goes: never nowhere, for those who work by keyboard or hear the page.

const title = (page: Page, name: string) => row(page, name).getByRole('button', { name, exact: true })

for (const width of [1280, 700]) {
  test(`details that close give the focus back to their row, ${width} pixels wide`, async ({ page, person }) => {
    await page.setViewportSize({ width, height: 800 })
    for (const name of ['One', 'Two', 'Three']) await person.add({ title: name })
    await open(page)
    await openDetails(page, 'Two')
    await details(page).getByLabel('Notes').fill('Half a thought')
    await page.keyboard.press('Escape')
    await expect(details(page)).toBeHidden()
    await expect(title(page, 'Two')).toBeFocused()
    await expect.poll(async () => (await person.tasks()).find((t) => t.title === 'Two')?.description, { message: 'what was typed is saved' }).toBe('Half a thought')

    await openDetails(page, 'Two')
    await details(page).getByRole('button', { name: /^Close/ }).click()
    await expect(title(page, 'Two')).toBeFocused()

    await page.keyboard.press('Enter')
    await expect(details(page).getByLabel('Notes')).toBeVisible()
    await details(page).getByRole('button', { name: 'Delete' }).click()
    await expect(row(page, 'Two')).toBeHidden()
    await expect(page.locator('[data-title]:focus')).toHaveText(/^(One|Three)$/)
  })
}

test('details of an address that was opened give the focus to their row, too', async ({ page, person }) => {
  const { id } = await person.add({ title: 'Linked' })
  await open(page, `/tasks?task=${id}`)
  await expect(details(page).getByLabel('Notes')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(title(page, 'Linked')).toBeFocused()
})

test('a sheet that closes gives the focus back to what opened it', async ({ page }) => {
  await open(page)
  const account = page.getByRole('button', { name: /^Account of/ })
  await account.click()
  await page.getByRole('menuitem', { name: 'Keyboard shortcuts' }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()
  await expect(account).toBeFocused()
  await page.keyboard.press('n')
  await expect(addField(page)).toBeFocused()
})

test('what is removed hands the focus on: chips, tags, filters, notifications', async ({ page, person }) => {
  await person.add({ title: 'Tagged', priority: 'high', tags: ['a', 'b', 'c'] })
  await open(page, '/tasks?priority=high&tag=a')
  const filter = (name: string) => page.getByRole('button', { name: `Remove the filter ${name}` })
  await filter('high priority').press('Enter')
  await expect(filter('#a')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('searchbox')).toBeFocused()

  await addField(page).fill('Pay rent tomorrow !high #home')
  const chip = (words: string) => page.getByRole('button', { name: new RegExp(`Take back: .*\\(${literal(words)}\\)`) })
  await chip('!high').press('Enter')
  await expect(chip('!high')).toBeHidden()
  await expect(chip('#home')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(chip('tomorrow')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(addField(page)).toBeFocused()
  await addField(page).fill('')

  const panel = await openDetails(page, 'Tagged')
  const tag = (name: string) => panel.getByRole('button', { name: `Remove the tag ${name}` })
  await tag('b').press('Enter')
  await expect(tag('c')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(tag('a')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(panel.getByLabel('Tags', { exact: true })).toBeFocused()
})

test('when a message, a screen or a task goes, the focus is in the content, and its keys work', async ({ page, person }) => {
  const ids: string[] = []
  for (const name of ['One', 'Two', 'Three']) ids.push((await person.add({ title: name })).id)
  await open(page)
  const nowhere = () => page.evaluate(() => document.activeElement === document.body)
  const inContent = async (what: string) => {
    await expect.poll(nowhere, { message: what }).toBe(false)
    expect(await page.evaluate(() => document.activeElement?.closest('main') !== null), what).toBe(true)
    await page.keyboard.press('j')
    await expect(page.locator('[data-title]:focus'), what).toBeVisible()
  }
  await title(page, 'Two').focus()
  await page.keyboard.press('Delete')
  await messages(page).getByRole('button', { name: 'Undo' }).press('Enter')
  await inContent('the message whose Undo was pressed')

  await title(page, 'Two').focus()
  await page.keyboard.press('Delete')
  await messages(page).getByRole('button', { name: 'Close message' }).press('Enter')
  await inContent('the message that was closed')

  await page.keyboard.press('g')
  await page.keyboard.press('c')
  await expect(page.getByRole('heading', { level: 1, name: 'Completed' })).toBeVisible()
  await expect.poll(nowhere, { message: 'the screen that was left' }).toBe(false)
  await page.keyboard.press('g')
  await page.keyboard.press('l')
  await inContent('the screen that was left by a key')

  await page.keyboard.press('/')
  await expect(page.getByRole('searchbox')).toBeFocused()
  await page.keyboard.press('Escape')
  await inContent('the search')

  await title(page, 'One').focus()
  await person.remove(ids[0] ?? '')
  await expect(row(page, 'One')).toBeHidden()
  await inContent('the task that was deleted elsewhere')

  await openDetails(page, 'Three')
  await details(page).getByLabel('Category').focus()
  await person.remove(ids[2] ?? '')
  await expect(details(page).getByLabel('Category')).toBeHidden()
  await expect.poll(nowhere, { message: 'the details of the task that was deleted elsewhere' }).toBe(false)
})

test('j and k at the ends of the list lead back to it', async ({ page, person }) => {
  for (const name of ['One', 'Two']) await person.add({ title: name })
  await open(page)
  await page.keyboard.press('j')
  const first = await page.locator('[data-title]:focus').textContent()
  await page.keyboard.press('/')
  await page.keyboard.press('Escape')
  await page.keyboard.press('k')
  await expect(page.locator('[data-title]:focus')).toHaveText(first ?? '')
})

test('a key that is held deletes one task, and Delete deletes the one with the focus only', async ({ page, person }) => {
  for (const name of ['One', 'Two', 'Three']) await person.add({ title: name })
  await open(page)
  await page.keyboard.press('j')
  await page.keyboard.down('#')
  for (let i = 0; i < 10; i++) await page.keyboard.down('#')
  await page.keyboard.up('#')
  await expect(page.getByRole('listitem').filter({ has: page.getByRole('checkbox') })).toHaveCount(2)
  await page.locator('[data-title]').first().focus()
  await page.keyboard.press('Delete')
  await expect(page.getByRole('listitem').filter({ has: page.getByRole('checkbox') })).toHaveCount(1)
  await page.getByRole('button', { name: /^Order/ }).focus()
  await page.keyboard.press('Backspace')
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toContainText('Delete (or Backspace, or #)')
  await expect.poll(() => person.titles(), { timeout: 15_000 }).toHaveLength(1)
  await expect(messages(page)).not.toContainText('Deleted')
  expect(await person.titles()).toHaveLength(1)
})
