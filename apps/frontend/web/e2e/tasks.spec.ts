import { expectAccessibleInBothThemes } from './axe'
import { add, addField, checkbox, details, edit, messages, open, openDetails, remove, row, titleField } from './screen'
import { expect, test } from './test'

test('one line of words becomes a task with its date, rule, priority and category; what was understood is shown', async ({ page, person }) => {
  await open(page)
  await addField(page).fill('pay rent every month on the 1st at 9 !high #home')
  for (const understood of [/month/i, /high priority/i, /home/i]) await expect(page.getByRole('button', { name: understood }).and(page.getByRole('button', { name: /^Take back/ }))).toBeVisible()
  await expect(page.getByText(/^then .*\b1 /)).toBeVisible()
  await addField(page).press('Enter')
  await expect(row(page, 'pay rent')).toContainText('Home')
  await expect(addField(page)).toHaveValue('')
  await expect(addField(page)).toBeFocused()
  await expect.poll(() => person.tasks()).toEqual([expect.objectContaining({ title: 'pay rent', priority: 'high', category: 'home', timeZone: 'Europe/Berlin', recurringRule: expect.stringMatching(/monthly/i) })])
  const due = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', day: 'numeric', hour: 'numeric', minute: 'numeric' }).format(new Date((await person.tasks())[0]?.dueDate ?? ''))
  expect(due).toMatch(/^1,? (at )?0?9:00$/)
})

test('the button that adds a task leads to the line, from every screen', async ({ page }) => {
  for (const path of ['/today', '/completed', '/settings', '/activity']) {
    await open(page, path)
    await page.getByRole('navigation', { name: 'Main' }).getByRole('button', { name: 'Add a task' }).click()
    await expect(addField(page)).toBeFocused()
  }
})

test('what was understood wrongly is taken back by its chip, and stays in the title', async ({ page, person }) => {
  await open(page)
  await addField(page).fill('Read Catch 22 tomorrow')
  await page.getByRole('button', { name: /^Take back: Tomorrow/ }).click()
  await addField(page).press('Enter')
  await expect.poll(() => person.tasks()).toEqual([expect.objectContaining({ title: 'Read Catch 22 tomorrow', dueDate: null })])
})

test('a line that is all date and no task says what is missing', async ({ page, person }) => {
  await open(page)
  await add(page, 'tomorrow at 9 !high')
  await expect(page.getByRole('alert')).toContainText('what there is to do')
  await expect(addField(page)).toHaveValue('tomorrow at 9 !high')
  expect(await person.titles()).toEqual([])
})

test('a title is edited where it stands: Enter saves, Escape gives up', async ({ page, person }) => {
  await person.add({ title: 'Buy mlk' })
  await open(page)
  await edit(page, 'Buy mlk')
  await titleField(page).fill('Something else')
  await titleField(page).press('Escape')
  await expect(row(page, 'Buy mlk')).toBeVisible()
  await edit(page, 'Buy mlk')
  await titleField(page).fill('Buy milk')
  await titleField(page).press('Enter')
  await expect(row(page, 'Buy milk').getByRole('button', { name: 'Buy milk' })).toBeFocused()
  await expect.poll(() => person.titles()).toEqual(['Buy milk'])
  await expect(page).not.toHaveURL(/task=/) // the same Enter does not also press what has the focus then
  await row(page, 'Buy milk').getByRole('button', { name: 'Buy milk' }).dblclick()
  await titleField(page).fill('Buy oat milk')
  await titleField(page).press('Enter')
  await expect.poll(() => person.titles()).toEqual(['Buy oat milk'])
})

test('every field of a task is changed in its panel', async ({ page, person }) => {
  await person.add({ title: 'Plan the trip' })
  await open(page)
  const panel = await openDetails(page, 'Plan the trip')
  await panel.getByLabel('Notes').fill('By train')
  await panel.getByLabel('Notes').blur()
  await panel.getByRole('button', { name: 'Tomorrow' }).click()
  await panel.getByLabel('Time', { exact: true }).fill('14:30')
  await panel.getByRole('radio', { name: 'Low' }).click()
  await panel.getByLabel('Category').selectOption('Personal')
  await panel.getByLabel('Reminder', { exact: true }).selectOption('30 minutes before')
  await panel.getByLabel('Repeats').selectOption({ index: 1 })
  await expect.poll(() => person.tasks()).toEqual([
    expect.objectContaining({ description: 'By train', priority: 'low', category: 'personal', reminderAt: expect.any(String), recurringRule: expect.any(String), dueDate: expect.any(String) }),
  ])
  const [task] = (await person.tasks()) as unknown as { dueDate: string; reminderAt: string }[]
  expect(Date.parse(task?.dueDate ?? '') - Date.parse(task?.reminderAt ?? '')).toBe(30 * 60_000)
  await page.keyboard.press('Escape')
  await page.reload()
  await expect(row(page, 'Plan the trip')).toContainText(/14:30/)
})

test('a recurrence is said in words: what was understood is shown before it is set', async ({ page, person }) => {
  await person.add({ title: 'Water the plants' })
  await open(page)
  const panel = await openDetails(page, 'Water the plants')
  await panel.getByLabel('Repeats').selectOption('In words…')
  const words = panel.getByLabel('In words')
  await expect(words).toBeFocused()
  await words.fill('now and then')
  await expect(words).toHaveAccessibleDescription(/not understood.*Try/)
  await expect(panel.getByRole('button', { name: 'Set', exact: true })).toBeDisabled()
  await words.fill('2nd friday of the month at 9')
  await expect(panel.getByText(/every month on the 2nd Friday, first .* then .* · .* · /)).toBeVisible()
  await expectAccessibleInBothThemes(page, 'a recurrence in words')
  await words.press('Enter')
  await expect(words).toBeHidden()
  await expect.poll(() => person.tasks()).toEqual([expect.objectContaining({ recurringRule: 'FREQ=MONTHLY;BYDAY=2FR', timeZone: 'Europe/Berlin' })])
  const due = new Date((await person.tasks())[0]?.dueDate ?? '')
  expect(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit', minute: '2-digit' }).format(due)).toMatch(/^Fri,? 09:00$/)
  expect(due.getUTCDate()).toBeGreaterThan(7)
  expect(due.getUTCDate()).toBeLessThan(15)

  await panel.getByLabel('Until').fill('2099-12-31')
  await expect.poll(async () => ((await person.tasks())[0] as unknown as { recurringEndDate: string | null }).recurringEndDate).toContain('2099-12-30T23:00')
  await panel.getByLabel('Repeats').selectOption('In words…')
  await panel.getByRole('button', { name: 'Cancel' }).click()
  await expect(panel.getByLabel('Repeats')).toHaveValue('FREQ=MONTHLY;BYDAY=2FR')
  await panel.getByLabel('Repeats').selectOption('Never')
  await expect.poll(() => person.tasks()).toEqual([expect.objectContaining({ recurringRule: null, recurringEndDate: null })])
})

test('a date is typed by keyboard, where there was none and over another one', async ({ page, person }) => {
  await person.add({ title: 'Far away' })
  await open(page)
  const panel = await openDetails(page, 'Far away')
  // The order of day and month is the browser's.
  for (const [typed, day] of [['05052031', '2031-05-05'], ['06062032', '2032-06-06']] as const) {
    await panel.getByLabel('Due', { exact: true }).focus()
    await page.keyboard.type(typed)
    await expect(panel.getByLabel('Due', { exact: true })).toHaveValue(day)
    await panel.getByLabel('Notes').focus()
    await expect(panel.getByLabel('Due', { exact: true })).toHaveValue(day)
    await page.getByRole('main').getByText(new RegExp(day.slice(0, 4))).first().waitFor()
  }
  const stored = async () => ((await person.tasks())[0]?.dueDate ?? '')
  await expect.poll(async () => new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(new Date((await stored()) || 0))).toBe('2032-06-06')
})

test('completing a recurring task brings the next one, without a reload', async ({ page, person }) => {
  const due = new Date(Date.now() + 3_600_000).toISOString()
  await person.add({ title: 'Water the plants', dueDate: due, recurringRule: 'daily', timeZone: 'Europe/Berlin' })
  await open(page)
  await checkbox(page, 'Water the plants').click()
  await expect(messages(page)).toContainText('Completed')
  await expect.poll(async () => (await person.tasks()).map((task) => task.completed).sort()).toEqual([false, true])
  // What is completed stays a moment, crossed out; then the next one is there alone.
  await expect(checkbox(page, 'Water the plants').and(page.getByRole('checkbox', { checked: false }))).toHaveCount(1)
  await expect(row(page, 'Water the plants')).toHaveCount(1)
  const next = (await person.tasks()).find((task) => !task.completed)
  expect(Date.parse(next?.dueDate ?? '')).toBeGreaterThan(Date.parse(due) + 20 * 3_600_000)
})

test('a deletion is undone, and is not sent', async ({ page, person }) => {
  await page.clock.install()
  await person.add({ title: 'Precious' })
  await open(page)
  await remove(page, 'Precious')
  await expect(row(page, 'Precious')).toBeHidden()
  await messages(page).getByRole('button', { name: 'Undo' }).click()
  await expect(row(page, 'Precious')).toBeVisible()
  await page.clock.fastForward('00:30')
  await add(page, 'Later') // what waits goes out in its order
  await expect.poll(() => person.titles()).toEqual(['Later', 'Precious'])
})

test('a deletion without an undo goes out after a moment', async ({ page, person }) => {
  await page.clock.install()
  await person.add({ title: 'Old' })
  await open(page)
  await remove(page, 'Old')
  await expect(messages(page)).toContainText('Deleted')
  expect(await person.titles()).toEqual(['Old'])
  await page.clock.fastForward('00:06')
  await expect.poll(() => person.titles()).toEqual([])
})

test('a deletion goes out at once when the page is left', async ({ page, person }) => {
  await person.add({ title: 'Old' })
  await open(page)
  await remove(page, 'Old')
  await expect(messages(page)).toContainText('Deleted')
  await page.goto('about:blank')
  await expect.poll(() => person.titles(), { timeout: 4000 }).toEqual([])
})

test('today, upcoming, all and completed each have what belongs there', async ({ page, person }) => {
  const day = 86_400_000
  await person.add({ title: 'Was due', dueDate: new Date(Date.now() - 2 * day).toISOString() })
  await person.add({ title: 'Is ahead', dueDate: new Date(Date.now() + 3 * day).toISOString() })
  await person.add({ title: 'Any time' })
  const done = await person.add({ title: 'Is done' })
  await person.call('PATCH', `tasks/${done.id}/complete`)
  const shown: Record<string, string[]> = { '/today': ['Was due'], '/upcoming': ['Is ahead'], '/tasks': ['Was due', 'Is ahead', 'Any time'], '/completed': ['Is done'] }
  for (const [path, titles] of Object.entries(shown)) {
    await open(page, path)
    for (const title of ['Was due', 'Is ahead', 'Any time', 'Is done']) await expect(row(page, title), `${title} on ${path}`).toHaveCount(titles.includes(title) ? 1 : 0)
  }
})

test('search, filter and order are in the address, and work on reload', async ({ page, person }) => {
  await person.add({ title: 'Buy milk', priority: 'low', tags: ['shop'], dueDate: '2031-01-01T09:00:00Z' })
  await person.add({ title: 'Buy a house', priority: 'high', description: 'with a garden' })
  await person.add({ title: 'Call mum', priority: 'high' })
  await open(page)
  await page.getByRole('searchbox', { name: 'Search' }).fill('buy')
  await expect(row(page, 'Call mum')).toBeHidden()
  await page.getByRole('button', { name: 'Filter' }).click()
  await page.getByRole('menuitemradio', { name: 'High' }).click()
  await expect(row(page, 'Buy milk')).toBeHidden()
  await expect(page).toHaveURL(/q=buy.*priority=high|priority=high.*q=buy/)
  await page.reload()
  await expect(row(page, 'Buy a house')).toBeVisible()
  await expect(page.getByRole('listitem').filter({ has: page.getByRole('checkbox') })).toHaveCount(1)
  await page.getByRole('searchbox', { name: 'Search' }).fill('nothing like it')
  await expect(page.getByRole('heading', { name: 'Nothing matches' })).toBeVisible()
  await page.getByRole('button', { name: 'Show everything' }).click()
  await expect(row(page, 'Call mum')).toBeVisible()

  const order = page.getByRole('button', { name: /^Order: / })
  const titles = () => page.getByRole('checkbox').evaluateAll((boxes) => boxes.map((box) => (box.getAttribute('aria-label') ?? '').replace(/ \(.*/, '')))
  for (const [by, expected] of [['Title', ['Buy a house', 'Buy milk', 'Call mum']], ['Newest first', ['Call mum', 'Buy a house', 'Buy milk']], ['Priority', ['Call mum', 'Buy a house', 'Buy milk']], ['Due date', ['Buy milk', 'Call mum', 'Buy a house']]] as const) {
    await order.click()
    await page.getByRole('menuitemradio', { name: by }).click()
    await expect(order).toHaveAccessibleName(`Order: ${by}`)
    await expect.poll(titles, { message: `by ${by}` }).toEqual(expected)
  }
  await order.click()
  await page.getByRole('menuitemradio', { name: 'Title' }).click()
  await expect(page).toHaveURL(/sort=title/)
  await page.reload()
  await expect.poll(titles).toEqual(['Buy a house', 'Buy milk', 'Call mum'])
})

test('the history of a task tells who did what, when, with old and new values', async ({ page, person }) => {
  const { id } = await person.add({ title: 'Draft' })
  await person.change(id, { title: 'Final', priority: 'high' })
  await person.call('PATCH', `tasks/${id}/complete`)
  await expect.poll(async () => ((await person.call('GET', `audit?entity_id=${id}`)) as unknown[]).length).toBe(3)
  await open(page, '/completed')
  await openDetails(page, 'Final')
  await details(page).getByRole('link', { name: 'History' }).click()
  const main = page.getByRole('main')
  for (const words of ['Draft', 'Final', 'high', /completed/i, /created|added/i]) await expect(main).toContainText(words)
})
