import { expectAccessible } from './axe'
import { kept } from './kept'
import { PASSWORD } from './person'
import { add, connection, edit, expectConnected, messages, open, openDetails, remove, row, titleField } from './screen'
import { expect, test } from './test'

test('while the message of a deletion is pointed at, or has the focus, it can be undone, however long that takes', async ({ page, person }) => {
  await page.clock.install()
  await person.add({ title: 'Precious' })
  await open(page)
  const undo = messages(page).getByRole('button', { name: 'Undo' })
  await remove(page, 'Precious')
  await undo.hover()
  await page.clock.fastForward('00:30')
  expect(await person.titles()).toEqual(['Precious'])
  await undo.focus()
  await page.mouse.move(0, 0)
  await page.clock.fastForward('00:30')
  expect(await person.titles()).toEqual(['Precious'])
  await undo.press('Enter')
  await expect(row(page, 'Precious')).toBeVisible()
  await add(page, 'Later') // what waits goes out in its order
  await expect.poll(() => person.titles()).toEqual(['Later', 'Precious'])
})

test('a deletion belongs to the tab that can undo it: another one that writes and is closed does not send it', async ({ page, person, context }) => {
  await person.add({ title: 'Precious' })
  const other = await context.newPage()
  await Promise.all([open(page), open(other)])
  await page.bringToFront()
  await remove(page, 'Precious')
  await messages(page).getByRole('button', { name: 'Undo' }).focus()
  await expect(row(other, 'Precious')).toHaveCount(0)
  await add(other, 'Written there')
  await expect.poll(() => person.titles()).toEqual(['Precious', 'Written there'])
  await other.close()
  await page.bringToFront()
  await messages(page).getByRole('button', { name: 'Undo' }).press('Enter')
  await expect(row(page, 'Precious')).toBeVisible()
  await add(page, 'Later')
  await expect.poll(() => person.titles()).toEqual(['Later', 'Precious', 'Written there'])
})

test('a task whose change was refused is corrected, and another one deleted: neither is stuck behind the refusal', async ({ page, person }) => {
  for (const title of ['To correct', 'To delete']) await person.add({ title })
  await open(page)
  const refusal = { status: 422, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Unprocessable', status: 422, detail: 'no such title', errors: [{ field: 'title', message: 'is not wanted' }] }) }
  await page.route('**/api/*/tasks/*', (route) => (route.request().method() === 'PUT' ? route.fulfill(refusal) : route.fallback()))
  for (const title of ['To correct', 'To delete']) {
    await edit(page, title)
    await titleField(page).fill(`${title}, refused`)
    await titleField(page).press('Enter')
    await expect(row(page, `${title}, refused`)).toContainText('is not wanted')
  }
  await page.unrouteAll()
  await edit(page, 'To correct, refused')
  await titleField(page).fill('Corrected')
  await titleField(page).press('Enter')
  await remove(page, 'To delete, refused')
  await messages(page).getByRole('status').filter({ hasText: 'To delete' }).getByRole('button', { name: 'Close message' }).click()
  await expect.poll(() => person.titles()).toEqual(['Corrected'])
  await expect(row(page, 'Corrected')).not.toContainText('is not wanted')
})

test('a task is changed and deleted, and the page left at once: the change comes first, and the task is gone', async ({ page, person }) => {
  const { id } = await person.add({ title: 'Old' })
  await open(page)
  const panel = await openDetails(page, 'Old')
  await panel.getByLabel('Category').selectOption('Work')
  await panel.getByRole('button', { name: 'Delete' }).click()
  await page.goto('about:blank')
  await expect.poll(() => person.titles(), { timeout: 4000 }).toEqual([])
  const deeds = (await person.call('GET', `audit?entity_id=${id}`)) as { eventType: string }[]
  expect(deeds.filter((one) => one.eventType === 'deleted')).toHaveLength(1)
})

test('what is typed into a task that was just added is there after a reload', async ({ page, person }) => {
  await open(page)
  await add(page, 'Fresh')
  await expect.poll(() => person.titles()).toEqual(['Fresh'])
  const panel = await openDetails(page, 'Fresh')
  await panel.getByLabel('Notes').fill('Not saved yet')
  await page.reload()
  await expect(panel.getByLabel('Notes')).toHaveValue('Not saved yet')
  await expect.poll(async () => (await person.tasks())[0]?.description).toBe('Not saved yet')
})

test('whoever signs out in one tab is signed out in all, and nothing of them comes back', async ({ page, person, context }) => {
  await person.add({ title: 'Private matter' })
  const other = await context.newPage()
  await Promise.all([open(page), open(other)])
  await expect(row(other, 'Private matter')).toBeVisible()
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  for (const tab of [page, other]) await expect(tab.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await person.add({ title: 'Private matter too' })
  await expect.poll(() => kept(page)).not.toContain('Private matter')
  await other.close()
  expect(await kept(page)).not.toContain('Private matter')
  // And signed in again, all of them are.
  const third = await context.newPage()
  await third.goto('/sign-in')
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await expectConnected(page)
  await expectConnected(third)
})

test('"Sign in as somebody else" leaves nothing of the one before, and says what that loses', async ({ page, person, context }) => {
  await person.add({ title: 'Private matter' })
  await open(page)
  await context.setOffline(true)
  await add(page, 'Private and not sent')
  await person.endSessions()
  await page.route('**/api/*/tasks', (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{}' }))
  await context.setOffline(false)
  const dialog = page.getByRole('dialog', { name: 'Sign in again' })
  await dialog.getByRole('button', { name: 'Sign in as somebody else' }).click()
  await page.getByRole('button', { name: 'Remove and go on' }).click()
  await expect(page.getByLabel('E-mail')).toHaveValue('')
  await expect.poll(() => kept(page)).not.toMatch(/Private|draft|zone/)
})

test('the server does not want the live connection back: why is said, and trying again goes on from there', async ({ page, person }) => {
  let refuse = true
  await page.routeWebSocket(/\/ws\//, (socket) => (refuse ? socket.close({ code: 4510 }) : void socket.connectToServer()))
  await person.add({ title: 'Still here' })
  await page.goto('/tasks')
  await expect(connection(page)).toHaveText(/^Not live/)
  const note = page.getByRole('note').filter({ hasText: 'open too many times' })
  await expect(note).toBeVisible()
  await expect(row(page, 'Still here')).toBeVisible()
  await expectAccessible(page, 'a live connection that was refused')
  refuse = false
  await note.getByRole('button', { name: 'Try again' }).click()
  await expectConnected(page)
  await expect(note).toBeHidden()
})

test('many deletions one after the other: none pushes out the message of another, and each can be undone', async ({ page, person }) => {
  const titles = ['One', 'Two', 'Three', 'Four', 'Five', 'Six']
  for (const title of titles) await person.add({ title })
  await open(page)
  await row(page, 'Six').getByRole('button', { name: 'Six', exact: true }).focus()
  for (const title of titles.toReversed()) {
    await expect(page.locator('[data-title]:focus')).toHaveText(title)
    await page.keyboard.press('Delete')
  }
  // The first of them: whoever is at a message keeps it.
  const undo = messages(page).getByRole('status').filter({ hasText: 'Six' }).getByRole('button', { name: 'Undo' })
  await undo.focus()
  await expect(messages(page).getByRole('status')).toHaveCount(1, { timeout: 20_000 })
  await undo.press('Enter')
  await expect(row(page, 'Six')).toBeVisible()
  await expect.poll(() => person.titles(), { timeout: 20_000 }).toEqual(['Six'])
})
