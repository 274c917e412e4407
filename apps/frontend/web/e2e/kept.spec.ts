import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { PASSWORD } from './person'
import { addField, connection, details, edit, expectConnected, open, openDetails, row, titleField } from './screen'
import { expect, test } from './test'

const soon = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()
const note = (page: Page, text: string) => page.getByRole('main').getByRole('listitem').filter({ hasText: text })
const sets = [{ screen: '/notifications', name: 'notifications' }, { screen: '/settings', name: 'sessions' }, { screen: '/operator', name: "the operator's screen" }, { screen: '/activity', name: 'the activity' }, { screen: '/tasks/TASK/history', name: 'the history' }]

test('without a network every screen says so, with a way to try again, and has it when the network is back', async ({ page, person, context, system }) => {
  await system.tasktide(['users', 'grant', person.email, 'operator'])
  const { id } = await person.add({ title: 'Known' })
  for (const { screen, name } of sets) {
    await open(page)
    await page.evaluate(() => navigator.serviceWorker.ready)
    await expect.poll(() => page.evaluate(async () => (await caches.keys()).length)).toBeGreaterThan(0)
    await page.reload()
    await expectConnected(page)
    await context.setOffline(true)
    await page.goto(screen.replace('TASK', id))
    const wrong = page.getByRole('main').getByRole('alert').first()
    await expect(wrong, name).toContainText(/no connection/i)
    await expect(page.getByRole('status', { name: 'Loading' }), name).toHaveCount(0)
    await expect(wrong.getByRole('button', { name: 'Try again' }), name).toBeVisible()
    await context.setOffline(false)
    await expect(page.getByRole('main').getByRole('alert'), name).toHaveCount(0, { timeout: 20_000 })
    await expect(page.getByRole('status', { name: 'Loading' }), name).toHaveCount(0)
  }
})

test('what is done to notifications without a network outlives a reload, and arrives', async ({ page, person, context }) => {
  for (const title of ['Read me', 'Remove me', 'Leave me']) await person.add({ title, dueDate: soon(3600), reminderAt: soon(-5) })
  await expect.poll(async () => ((await person.call('GET', 'notifications')) as unknown[]).length, { timeout: 20_000 }).toBe(3)
  await open(page, '/notifications')
  await page.evaluate(() => navigator.serviceWorker.ready)
  await expect.poll(() => page.evaluate(async () => (await caches.keys()).length)).toBeGreaterThan(0)
  await page.reload()
  await expectConnected(page)
  await expect(note(page, 'Leave me')).toBeVisible()
  await context.setOffline(true)
  await expect(connection(page)).toHaveText(/^Offline/)
  await note(page, 'Read me').getByRole('button', { name: 'Mark as read' }).click()
  await expect(note(page, 'Read me').getByRole('button', { name: 'Delete' })).toBeFocused()
  await note(page, 'Remove me').getByRole('button', { name: 'Delete' }).click()
  await expect(note(page, 'Remove me')).toBeHidden()
  await expect(page.getByRole('main').getByRole('status').first()).toHaveText('1 unread')
  await page.reload()
  await expect(page.getByRole('main').getByRole('alert')).toContainText(/no connection/i)
  await context.setOffline(false)
  await expect(note(page, 'Leave me')).toBeVisible({ timeout: 20_000 })
  await expect(note(page, 'Remove me')).toBeHidden()
  await expect(page.getByRole('main').getByRole('status').first()).toHaveText('1 unread')
  const left = async () => ((await person.call('GET', 'notifications')) as { message: string; read: boolean }[]).map((n) => `${n.message} ${n.read}`).sort()
  await expect.poll(left).toEqual(['Reminder: Leave me false', 'Reminder: Read me true'])
})

test('what is half typed in the details outlives a reload: a tag, a recurrence in words, a time to be reminded', async ({ page, person }) => {
  await person.add({ title: 'Drafted', tags: ['old'] })
  await open(page)
  const panel = await openDetails(page, 'Drafted')
  await panel.getByLabel('Repeats').selectOption('In words…')
  await panel.getByLabel('In words', { exact: true }).fill('every 2nd fri')
  await panel.getByLabel('Reminder', { exact: true }).selectOption('At a time of its own…')
  await panel.getByLabel('Remind me at').fill('2031-05-06T07:08')
  await panel.getByLabel('Tags', { exact: true }).pressSequentially('half')
  await page.reload()
  await expect(panel.getByLabel('Tags', { exact: true })).toHaveValue('half')
  await expect(panel.getByLabel('In words', { exact: true })).toHaveValue('every 2nd fri')
  await panel.getByLabel('In words', { exact: true }).fill('every 2nd friday')
  await panel.getByRole('button', { name: 'Set', exact: true }).click()
  await expect(panel.getByLabel('Repeats')).toContainText('every other week on Friday')
  await panel.getByLabel('Tags', { exact: true }).press('Enter')
  await expect.poll(() => person.tasks()).toEqual([expect.objectContaining({ tags: ['old', 'half'], reminderAt: expect.stringContaining('2031-05-0') })])
  await page.reload()
  await expect(panel.getByLabel('Tags', { exact: true })).toHaveValue('')
  await expect(panel.getByLabel('In words', { exact: true })).toBeHidden()
})

test('what is typed into a task that is deleted elsewhere meanwhile is not lost', async ({ page, person }) => {
  const { id } = await person.add({ title: 'Doomed' })
  await open(page)
  const panel = await openDetails(page, 'Doomed')
  await panel.getByLabel('Notes').pressSequentially('Precious words')
  await person.remove(id)
  await expect(panel.getByLabel('Notes')).toHaveValue('Precious words')
  await expect(row(page, 'Doomed')).toContainText('Deleted on another device while you changed it')
  await page.reload()
  await expect(panel.getByLabel('Notes')).toHaveValue('Precious words')
})

test('a tag that is typed into a task that is deleted elsewhere meanwhile is not lost, and what is typed on is done to no other task', async ({ page, person }) => {
  const { id } = await person.add({ title: 'Doomed' })
  await person.add({ title: 'Neighbour', priority: 'low' })
  await open(page)
  const panel = await openDetails(page, 'Doomed')
  await panel.getByLabel('Tags', { exact: true }).pressSequentially('precious')
  // The page is told, and the answer that the task is gone comes a while later: until then the panel is away.
  await page.route('**/api/*/tasks/*', async (route) => {
    await new Promise((done) => setTimeout(done, 1500))
    await route.continue()
  })
  await person.remove(id)
  await expect(panel.getByLabel('Tags', { exact: true })).toBeHidden()
  await page.keyboard.type('xe1#', { delay: 100 })
  await expect(row(page, 'Doomed')).toContainText('Deleted on another device while you changed it')
  await expect(row(page, 'Doomed')).toContainText('#precious')
  await page.waitForTimeout(300)
  expect(await person.tasks()).toEqual([expect.objectContaining({ title: 'Neighbour', priority: 'low', completed: false, version: 1 })])
  await expect(row(page, 'Neighbour').getByRole('textbox')).toHaveCount(0)
})

for (const what of ['completed', 'deleted'] as const) {
  test(`a title that is typed in the list while another device has the task ${what}: nothing is done to any other task`, async ({ page, person }) => {
    for (const title of ['Three', 'Two', 'One']) await person.add({ title, priority: 'low' })
    const two = (await person.tasks()).find((task) => task.title === 'Two') as { id: string }
    await open(page)
    await edit(page, 'Two')
    await page.route('**/api/*/tasks/*', async (route) => {
      await new Promise((done) => setTimeout(done, 1200))
      await route.continue()
    })
    let typed = 0
    for (const letter of 'buy box #1 e xx3') {
      await page.keyboard.press(letter === ' ' ? 'Space' : letter)
      if (++typed === 3) void (what === 'deleted' ? person.remove(two.id) : person.call('PATCH', `tasks/${two.id}/complete`))
      await page.waitForTimeout(120)
    }
    await page.keyboard.press('Enter')
    await page.waitForTimeout(1500)
    const others = ((await person.tasks()) as unknown as Record<'id' | 'title' | 'priority' | 'completed' | 'version', string>[]).filter((task) => task.id !== two.id)
    expect(others.map(({ title, priority, completed, version }) => ({ title, priority, completed, version })).sort((a, b) => a.title.localeCompare(b.title))).toEqual(
      ['One', 'Three'].map((title) => ({ title, priority: 'low', completed: false, version: 1 })))
    await expect(details(page)).toBeHidden()
    if (what === 'completed') await expect.poll(async () => (await person.tasks()).find((task) => task.id === two.id)).toMatchObject({ title: 'buy box #1 e xx3', completed: true })
    else await expect(page.getByRole('listitem').filter({ hasText: 'Deleted on another device while you changed it' })).toContainText('buy')
  })
}

test.describe('a database that comes back from a backup', () => {
  test.use({ servers: 'own' })

  test('while a change of the page waits: another text of the same version is not overwritten @binary', async ({ page, person, system, context }) => {
    const folder = await mkdtemp(join(tmpdir(), 'backup-'))
    const { id } = await person.add({ title: 'Before' })
    await system.tasktide(['backup', join(folder, 'all.tar')])
    await person.change(id, { description: 'a' })
    await person.change(id, { description: null })
    await open(page)
    await context.setOffline(true)
    await expect(connection(page)).toHaveText(/^Offline/)
    await edit(page, 'Before')
    await titleField(page).fill('Mine')
    await titleField(page).press('Enter')
    await expect(row(page, 'Mine')).toContainText('Not sent yet')
    await system.down()
    await system.tasktide(['restore', join(folder, 'all.tar')])
    await system.up()
    await person.change(id, { title: 'Theirs' })
    await person.change(id, { description: 'theirs' })
    expect(await person.tasks()).toEqual([expect.objectContaining({ version: 3 })])
    await context.setOffline(false)
    await expect(row(page, 'Mine')).toContainText('Nothing is overwritten')
    expect(await person.tasks()).toEqual([expect.objectContaining({ title: 'Theirs', version: 3 })])
    await rm(folder, { recursive: true })
  })
})

test('a tag that was typed and is there is not in its field any more when the details are opened again', async ({ page, person }) => {
  await person.add({ title: 'Tagged' })
  await open(page)
  const panel = await openDetails(page, 'Tagged')
  await panel.getByLabel('Tags', { exact: true }).pressSequentially('once')
  await page.keyboard.press('Escape')
  await expect(panel).toBeHidden()
  await expect.poll(() => person.tasks()).toEqual([expect.objectContaining({ tags: ['once'] })])
  await openDetails(page, 'Tagged')
  await expect(panel.getByLabel('Tags', { exact: true })).toHaveValue('')
  await panel.getByRole('button', { name: 'Remove the tag once' }).click()
  await expect.poll(() => person.tasks()).toEqual([expect.objectContaining({ tags: [] })])
  await panel.getByRole('button', { name: /^Close/ }).click()
  await expect(panel).toBeHidden()
  await expect.poll(() => person.tasks()).toEqual([expect.objectContaining({ tags: [], version: 3 })])
})

test('what is entered in the very moment of a reload is not lost, and not doubled', async ({ page, person }) => {
  await open(page)
  await addField(page).fill('First')
  await addField(page).press('Enter')
  await expect(row(page, 'First')).toBeVisible()
  const entered = ['First']
  for (const title of ['A', 'B', 'C', 'D', 'E', 'F']) {
    await addField(page).fill(title)
    // The form's own listener comes before this one.
    const reloaded = page.waitForEvent('load')
    await page.evaluate(() => document.addEventListener('submit', () => location.reload()))
    await addField(page).press('Enter')
    await reloaded
    await expect(row(page, title)).toBeVisible()
    await expect(addField(page)).toHaveValue('')
    entered.unshift(title)
  }
  await expect.poll(async () => (await person.titles()).sort()).toEqual(entered.sort())
})

test.describe('without a service worker, as over plain http', () => {
  test.use({ serviceWorkers: 'block' })

  test('a line that is entered before the page can understand it is not lost by a reload', async ({ page, person, context }) => {
    let held = true
    await context.route('**/assets/understand-*.js', async (route) => {
      if (held) await new Promise<void>((done) => setTimeout(done, 60_000))
      await route.continue().catch(() => undefined)
    })
    await open(page)
    await addField(page).fill('Buy milk tomorrow #home')
    await addField(page).press('Enter')
    await expect(addField(page)).toHaveValue('')
    await addField(page).fill('The next one')
    held = false
    await page.reload()
    await expect(addField(page)).toHaveValue('The next one')
    await expect(row(page, 'Buy milk')).toBeVisible()
    await expect.poll(() => person.titles()).toEqual(['Buy milk'])
  })
})

test('the page that opens does not say that it is offline', async ({ visitor: page, person }) => {
  await person.add({ title: 'There' })
  await page.addInitScript(() => {
    const said: string[] = []
    Object.assign(window, { said })
    new MutationObserver(() => {
      const word = document.querySelector('header [role=status]')?.textContent
      if (word && said.at(-1) !== word) said.push(word)
    }).observe(document, { childList: true, subtree: true, characterData: true })
  })
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  for (let visit = 0; visit < 5; visit++) {
    if (visit > 0) await page.goto('/tasks')
    await expectConnected(page)
    const said = await page.evaluate(() => (window as unknown as { said: string[] }).said)
    expect(said.filter((word) => word.startsWith('Offline')), said.join(' → ')).toEqual([])
  }
})

test('a time to be reminded that is set elsewhere is not overwritten unseen: by none that was only looked at, by a typed one when the person says so', async ({ page, person }) => {
  const at = (hour: string) => `2031-05-06T${hour}:00:00.000000Z`
  const kept = async () => ((await person.tasks()) as unknown as { reminderAt: string }[])[0]?.reminderAt
  const { id } = await person.add({ title: 'Reminded', reminderAt: at('07') })
  await open(page)
  const panel = await openDetails(page, 'Reminded')
  const time = panel.getByLabel('Remind me at')
  await panel.getByLabel('Reminder', { exact: true }).selectOption('At a time of its own…')
  const before = await time.inputValue()
  await person.change(id, { reminderAt: at('09') })
  await expect(time).not.toHaveValue(before)
  await panel.getByRole('button', { name: 'Close the details' }).click()
  await expect(panel).toBeHidden()
  expect(await kept()).toBe(at('09'))
  await openDetails(page, 'Reminded')
  expect(await kept(), 'by none that was only looked at').toBe(at('09'))
  await panel.getByLabel('Reminder', { exact: true }).selectOption('At a time of its own…')
  await time.fill('2031-08-09T10:11')
  await person.change(id, { reminderAt: at('12') })
  await expect(panel.getByRole('note')).toContainText('The reminder changed on another device meanwhile')
  await panel.getByLabel('Notes').focus()
  await expect(time).toHaveValue('2031-08-09T10:11')
  expect(await kept()).toBe(at('12'))
  await panel.getByRole('button', { name: 'Keep mine' }).click()
  await expect.poll(kept).toContain('2031-08-0')
})
