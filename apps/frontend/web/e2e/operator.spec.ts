import type { Locator, Page } from '@playwright/test'
import { expectAccessible, expectAccessibleInBothThemes } from './axe'
import { Person } from './person'
import { expectNoSidewaysScroll, messages, open } from './screen'
import type { System } from './control'
import { expect, test } from './test'

// What goes wrong here is seen by every operator: each step has a server to itself.
test.use({ servers: 'own' })

test('a dead letter is looked at, redriven too early, and again when its cause is gone', async ({ page, person, system, browser }) => {
  const victim = await operatorAndVictim(system, person, await Person.join(system, browser))
  await victim.add({ title: 'Lost on the way' })
  await expect.poll(() => letters(system, victim)).toEqual([expect.stringContaining('attempts=1')])
  await open(page, '/operator')
  await page.getByRole('note').filter({ hasText: '1 event was given up on' }).getByRole('button', { name: 'Look at them' }).click()
  const letter = page.getByRole('listitem').filter({ hasText: victim.id })
  await expect(letter).toContainText(/task-created.*at audit-service.*refused for good.*1 try/)
  await expectAccessibleInBothThemes(page, 'dead letters')

  await letter.getByRole('button').click()
  const sheet = page.getByRole('dialog', { name: 'Dead letter' })
  await expect(sheet.getByLabel('The bytes of the letter')).toContainText('"title": "Lost on the way"')
  await expect(sheet).toContainText(/Group\s*audit-service/)
  await expectAccessibleInBothThemes(page, 'a dead letter')
  await sheet.getByRole('button', { name: 'Redrive' }).click()
  await expect(messages(page)).toContainText('Handed over again.')
  await expect.poll(() => letters(system, victim)).toEqual([expect.stringContaining('attempts=2')])

  await system.refuseAuditOf(victim.id, false)
  await openLetters(page)
  await expect(letter).toContainText('2 tries')
  await letter.getByRole('button').click()
  await sheet.getByRole('button', { name: 'Redrive' }).click()
  await expect.poll(() => letters(system, victim)).toEqual([])
  expect(await victim.call('GET', 'audit')).toEqual([expect.objectContaining({ eventType: 'created' })])
  await openLetters(page)
  await expect(page.getByRole('heading', { name: 'No dead letters' })).toBeVisible()
})

test('dead letters are chosen, counted before they are redriven or discarded, and discarded one by one or all', async ({ page, person, system, browser }) => {
  const victim = await operatorAndVictim(system, person, await Person.join(system, browser))
  for (const title of ['One', 'Two', 'Three']) await victim.add({ title })
  await expect.poll(() => letters(system, victim)).toHaveLength(3)
  await openLetters(page)
  const status = page.getByRole('main').getByRole('status')
  await expect(status).toHaveText(/^3 letters/)
  const choice = page.getByRole('form', { name: 'Which dead letters' })
  await choice.getByLabel('Topic').selectOption('task-deleted')
  await expect(page.getByRole('heading', { name: 'No dead letter matches' })).toBeVisible()
  await choice.getByLabel('Topic').selectOption('task-created')
  await choice.getByLabel('User').fill(victim.id)
  await choice.getByLabel('User').press('Enter')
  await expect(status).toHaveText(/^3 letters/)

  await page.getByRole('button', { name: 'Redrive these…' }).click()
  const redriving = page.getByRole('dialog', { name: 'Redrive 3 letters?' })
  await expect(redriving).toBeVisible()
  await expectAccessibleInBothThemes(page, 'the question before a redrive')
  await redriving.getByRole('button', { name: 'Cancel' }).click()
  await expect(redriving).toBeHidden()

  await page.getByRole('listitem').filter({ hasText: victim.id }).first().getByRole('button').click()
  await page.getByRole('dialog', { name: 'Dead letter' }).getByRole('button', { name: 'Discard…' }).click()
  const asking = page.getByRole('dialog', { name: 'Discard this letter?' })
  await expectAccessibleInBothThemes(page, 'the question before a letter is discarded')
  await asking.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('dialog', { name: 'Dead letter' }).getByRole('button', { name: 'Discard…' }).click()
  await asking.getByRole('button', { name: 'Discard' }).click()
  await expect(messages(page)).toContainText('Discarded.')
  await expect(status).toHaveText(/^2 letters/)

  await page.getByRole('button', { name: 'Discard these…' }).click()
  const all = page.getByRole('dialog', { name: 'Discard 2 letters?' })
  await all.getByRole('button', { name: 'Discard' }).click()
  await expect(messages(page)).toContainText('2 letters discarded.')
  expect(await letters(system, victim)).toEqual([])
  await system.refuseAuditOf(victim.id, false)
})

test('the overview says how each part is, and draws what happens', async ({ page, person, system }) => {
  await system.tasktide(['users', 'grant', person.email, 'operator'])
  await open(page, '/operator')
  const chart = page.getByRole('img', { name: /^Events a second in task-created/ })
  await expect(chart).toHaveAccessibleName(/nothing yet|now 0/)
  for (let i = 0; i < 12; i++) await person.add({ title: `Task ${i}` })
  await expect(chart).toHaveAccessibleName(/at most [1-9]/) // it reads every five seconds
  await expect(page.getByRole('img', { name: /^Events in the outbox: now 0/ })).toBeVisible()
  await expect(page.getByRole('img', { name: /^Lag of audit-service: now \d/ })).toBeVisible()
  for (const part of ['backend-api', 'audit-service', 'websocket-service', 'Database']) await expect(page.getByText(`${part}: Works`, { exact: true })).toBeVisible()
  await expectAccessibleInBothThemes(page, "the operator's overview")
  await page.setViewportSize({ width: 320, height: 640 })
  await expectNoSidewaysScroll(page, "the operator's overview")
})

test('without the scope the screen says who gives it', async ({ page }) => {
  await open(page, '/operator')
  await expect(page.getByRole('heading', { name: 'This screen is for whoever runs the server' })).toBeVisible()
  await expect(page.getByRole('main')).toContainText('tasktide users grant')
  await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Operator' })).toHaveCount(0)
  await expectAccessible(page, "the operator's screen without the scope")
})

/** The person becomes an operator, and the database takes no audit entries of the victim. */
async function operatorAndVictim(system: System, person: Person, victim: Person): Promise<Person> {
  await system.tasktide(['users', 'grant', person.email, 'operator'])
  await system.refuseAuditOf(victim.id)
  return victim
}

/** The dead letters of a user, as the command line lists them. */
async function letters(system: System, victim: Person): Promise<string[]> {
  return (await system.tasktide(['deadletters', 'list', '--user', victim.id])).split('\n').filter(Boolean)
}

async function openLetters(page: Page): Promise<Locator> {
  await open(page, '/operator')
  const letters = page.getByRole('radio', { name: 'Dead letters' })
  await letters.click()
  return letters
}
