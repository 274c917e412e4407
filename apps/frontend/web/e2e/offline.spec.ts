import { expectAccessibleInBothThemes } from './axe'
import { PASSWORD } from './person'
import { add, addField, checkbox, connection, edit, expectConnected, open, openDetails, remove, row, titleField } from './screen'
import { expect, test } from './test'

test('what is changed offline arrives later, each once', async ({ page, person, context }) => {
  const { id } = await person.add({ title: 'Water plants' })
  await person.add({ title: 'To be deleted' })
  await open(page)
  await context.setOffline(true)
  await expect(connection(page)).toHaveText(/^Offline/)
  await add(page, 'Offline one')
  await add(page, 'Offline two')
  await edit(page, 'Offline one')
  await titleField(page).fill('Offline one, edited')
  await titleField(page).press('Enter')
  await checkbox(page, 'Water plants').click()
  await remove(page, 'To be deleted')
  await expect(connection(page)).toHaveText(/to send/)
  await context.setOffline(false)
  await expectConnected(page)
  await expect.poll(() => person.titles()).toEqual(['Offline one, edited', 'Offline two', 'Water plants'])
  await expect.poll(async () => ((await person.call('GET', 'audit?event_type=created')) as unknown[]).length).toBe(4)
  expect(((await person.call('GET', `audit?event_type=completed&entity_id=${id}`)) as unknown[]).length).toBe(1)
  await expect(connection(page)).not.toHaveText(/to send/)
})

test('an answer that is lost: the task is sent again, and is there once', async ({ page, person, context }) => {
  await open(page)
  let lost = 0
  await context.route('**/api/*/tasks', async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return route.fallback()
    lost++
    await route.fetch()
    await route.abort('connectionreset')
  })
  await add(page, 'Once')
  await expect.poll(() => person.titles()).toEqual(['Once'])
  await expect(row(page, 'Once').filter({ hasText: 'Not sent yet' })).toHaveCount(0)
  await expect(row(page, 'Once')).toHaveCount(1)
  expect(lost).toBe(1)
  expect(await person.titles()).toEqual(['Once'])
})

test('two devices change the same field, one of them offline: the conflict is shown, and the person decides', async ({ page, person, context }) => {
  const { id } = await person.add({ title: 'Plan' })
  await open(page)
  await context.setOffline(true)
  await expect(connection(page)).toHaveText(/^Offline/)
  await edit(page, 'Plan')
  await titleField(page).fill('Mine')
  await titleField(page).press('Enter')
  await person.change(id, { title: 'Theirs', priority: 'high' })
  await context.setOffline(false)
  await expectConnected(page)
  await expect(row(page, 'Mine')).toContainText(/another device/)
  expect(await person.titles()).toEqual(['Theirs'])
  await row(page, 'Mine').getByRole('button', { name: 'Look at both' }).click()
  const conflict = page.getByRole('region', { name: 'Conflict' })
  await expect(conflict).toContainText('Mine')
  await expect(conflict).toContainText('Theirs')
  await expectAccessibleInBothThemes(page, 'a conflict')
  await conflict.getByRole('button', { name: 'Keep mine' }).click()
  await expect.poll(() => person.tasks()).toEqual([expect.objectContaining({ title: 'Mine', priority: 'high' })])
  await expect(conflict).toBeHidden()
})

test.describe('without a server', () => {
  test.use({ servers: 'own' })

  test('a reload shows the last list, what is not sent and what is half typed; all of it goes out later', async ({ page, person, system }) => {
    await person.add({ title: 'Known' })
    await open(page)
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
    await expectConnected(page)
    await system.down()
    await add(page, 'Written without a server')
    const panel = await openDetails(page, 'Known')
    await panel.getByLabel('Notes').fill('Notes without a server')
    await addField(page).fill('Half a sentence')
    await page.reload()
    await expect(row(page, 'Known')).toBeVisible()
    await expect(row(page, 'Written without a server')).toBeVisible()
    await expect(panel.getByLabel('Notes')).toHaveValue('Notes without a server')
    await expect(addField(page)).toHaveValue('Half a sentence')
    await expect(connection(page)).toHaveText(/^Offline/)
    await system.up()
    await expectConnected(page)
    await expect.poll(() => person.tasks()).toEqual(expect.arrayContaining([expect.objectContaining({ title: 'Known', description: 'Notes without a server' }), expect.objectContaining({ title: 'Written without a server' })]))
    expect((await person.tasks()).length).toBe(2)
  })

  test('a page that knows nobody says that there is no server, and goes on when it is back', async ({ visitor, system }) => {
    await visitor.goto('/sign-in')
    await visitor.evaluate(() => navigator.serviceWorker.ready)
    await system.down()
    await visitor.goto('/tasks')
    await expect(visitor.getByRole('alert')).toContainText(/connection|reach|server/i)
    await system.up()
    await visitor.getByRole('button', { name: 'Try again' }).click()
    await expect(visitor.getByLabel('E-mail')).toBeVisible()
  })

  test('signing in without a server says so, and what was typed stays', async ({ visitor, person, system }) => {
    await visitor.goto('/sign-in')
    await visitor.getByLabel('E-mail').fill(person.email)
    await visitor.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await system.down()
    await visitor.keyboard.press('Enter')
    await expect(visitor.getByRole('alert')).toContainText(/connection|reach/i)
    await expect(visitor.getByLabel('E-mail')).toHaveValue(person.email)
    await system.up()
    await visitor.getByLabel('Password', { exact: true }).press('Enter')
    await expectConnected(visitor)
  })
})

test.describe('without a service worker, as over plain http', () => {
  test.use({ serviceWorkers: 'block' })

  for (const width of [1280, 400]) {
    test(`the details of a task open without a network at the first visit, ${width} pixels wide`, async ({ page, person, context }) => {
      await page.setViewportSize({ width, height: 800 })
      await person.add({ title: 'Read me', description: 'All of it is here' })
      await open(page)
      const loaded = () => page.evaluate(() => performance.getEntriesByType('resource').map((r) => r.name).filter((name) => /detail-panel|dialog-parts/.test(name)).length)
      await expect.poll(loaded).toBeGreaterThanOrEqual(2)
      await page.waitForLoadState('networkidle')
      await context.setOffline(true)
      await expect(connection(page)).toHaveText(/^Offline/)
      await openDetails(page, 'Read me')
      await expect(page.getByText('All of it is here')).toBeVisible()
    })
  }
})
