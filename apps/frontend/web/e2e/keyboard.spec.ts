import type { Page } from '@playwright/test'
import { PASSWORD } from './person'
import { addField, checkbox, details, expectConnected, messages, open, row, titleField } from './screen'
import { expect, test } from './test'

test('everything by keyboard alone: sign in, add, move, edit, complete, delete, undo', async ({ visitor: page, person }) => {
  await page.goto('/tasks')
  await tabTo(page, 'E-mail')
  await page.keyboard.type(person.email)
  await tabTo(page, 'Password')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await expectConnected(page)

  for (const title of ['First', 'Second', 'Third']) {
    await page.keyboard.press('n')
    await expect(addField(page)).toBeFocused()
    await page.keyboard.type(title)
    await page.keyboard.press('Enter')
    await expect(row(page, title)).toBeVisible()
    await page.keyboard.press('Escape')
  }
  await expect.poll(() => person.titles()).toEqual(['First', 'Second', 'Third'])

  await page.keyboard.press('j')
  const title = await focused(page)
  expect(['First', 'Second', 'Third']).toContain(title)
  await page.keyboard.press('e')
  await expect(titleField(page)).toBeFocused()
  await page.keyboard.type('Edited')
  await page.keyboard.press('Enter')
  await expect(row(page, 'Edited').getByRole('button', { name: 'Edited' })).toBeFocused()
  await page.keyboard.press('j')
  const doomed = await focused(page)
  expect(doomed).not.toBe('Edited')
  await page.keyboard.press('#')
  await expect(row(page, doomed)).toBeHidden()
  await expect.poll(() => focused(page), { message: 'the neighbour has the focus' }).not.toBe('')
  await tabTo(page, 'Undo')
  await page.keyboard.press('Enter')
  await expect(row(page, doomed)).toBeVisible()
  await expect(messages(page)).not.toContainText('Deleted')

  await tabTo(page, doomed)
  await page.keyboard.press('x')
  await expect(checkbox(page, doomed)).toBeChecked()
  await expect.poll(async () => (await person.tasks()).find((task) => task.completed)?.title).toBe(doomed)
  await expect(row(page, doomed)).toBeHidden() // it stays a moment
  await expect.poll(() => focused(page), { message: 'the neighbour has the focus' }).toMatch(/^(First|Second|Third|Edited)$/)
})

test('details open and close by keyboard, and the focus comes back', async ({ page, person }) => {
  await person.add({ title: 'Only one' })
  await open(page)
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await expect(details(page).getByLabel('Notes')).toBeVisible()
  await tabTo(page, 'Notes')
  await page.keyboard.type('typed')
  await page.keyboard.press('Control+Enter')
  await expect.poll(async () => (await person.tasks())[0]?.description).toBe('typed')
  await page.keyboard.press('Escape')
  await expect(details(page)).toBeHidden()
  await expect.poll(() => focused(page)).toBe('Only one')
  await page.keyboard.press('o')
  await expect(details(page).getByLabel('Notes')).toHaveValue('typed')
  await page.keyboard.press('Escape')
  await expect(details(page)).toBeHidden()
  await expect.poll(() => focused(page)).toBe('Only one')
})

test('each key of a list does what the sheet says: j, k, 1 to 3, x, e, o, #, /', async ({ page, person }) => {
  await person.add({ title: 'Upper', dueDate: '2031-01-01T09:00:00Z' })
  await person.add({ title: 'Lower', dueDate: '2031-01-02T09:00:00Z' })
  const stored = async (title: string) => (await person.tasks()).find((task) => task.title === title) as unknown as { priority: string; completed: boolean } | undefined
  await open(page)
  await expect(row(page, 'Lower')).toBeVisible()
  for (const [key, title] of [['j', 'Upper'], ['j', 'Lower'], ['j', 'Lower'], ['k', 'Upper'], ['k', 'Upper']] as const) {
    await page.keyboard.press(key)
    await expect.poll(() => focused(page), { message: key }).toBe(title)
  }
  for (const [key, priority] of [['1', 'high'], ['3', 'low'], ['2', 'medium']] as const) {
    await page.keyboard.press(key)
    await expect(page.getByRole('checkbox', { name: `Upper (${priority} priority)` })).toBeVisible()
    await expect.poll(async () => (await stored('Upper'))?.priority).toBe(priority)
  }
  await page.keyboard.press('x')
  await expect(checkbox(page, 'Upper')).toBeChecked()
  await page.keyboard.press('x') // before it goes
  await expect(checkbox(page, 'Upper')).not.toBeChecked()
  await page.keyboard.press('e')
  await expect(titleField(page)).toBeFocused()
  await page.keyboard.press('Escape')
  await expect.poll(() => focused(page)).toBe('Upper')
  await page.keyboard.press('o')
  await expect(details(page).getByRole('textbox', { name: 'Title' })).toHaveValue('Upper')
  await page.keyboard.press('Escape')
  await expect(details(page)).toBeHidden()
  await page.keyboard.press('/')
  await expect(page.getByRole('searchbox', { name: 'Search' })).toBeFocused()
  await page.keyboard.type('low') // letters, now
  await expect(row(page, 'Upper')).toBeHidden()
  await page.keyboard.press('Escape')
  await expect(row(page, 'Upper')).toBeVisible()
  await page.keyboard.press('j')
  await expect.poll(() => focused(page)).toBe('Lower')
  await page.keyboard.press('#')
  await expect(row(page, 'Lower')).toBeHidden()
  await expect(messages(page)).toContainText('Deleted')
  await expect.poll(() => person.titles()).toEqual(['Upper'])
  expect((await stored('Upper'))?.completed).toBe(false)
})

test('the sheet of keys, and the keys that lead to every screen', async ({ page }) => {
  await open(page)
  await page.keyboard.press('?')
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await expect(sheet).toContainText('Add a task')
  await expect(sheet).toContainText('Search')
  await page.keyboard.press('Escape')
  await expect(sheet).toBeHidden()
  for (const [keys, path] of [['g t', '/today'], ['g u', '/upcoming'], ['g l', '/tasks'], ['g c', '/completed'], ['g a', '/activity'], ['g n', '/notifications'], ['g s', '/settings']] as const) {
    for (const key of keys.split(' ')) await page.keyboard.press(key)
    await expect(page).toHaveURL(new RegExp(`${path}$`))
  }
})

test('keys are commands again as soon as the person goes on to something else', async ({ page, person }) => {
  await person.add({ title: 'Only one' })
  await open(page)
  await addField(page).pressSequentially('half')
  await page.getByRole('heading', { level: 1 }).click()
  for (const [key, path] of [['u', '/upcoming'], ['a', '/activity'], ['l', '/tasks']] as const) {
    await page.keyboard.press('g')
    await page.keyboard.press(key)
    await expect(page).toHaveURL(new RegExp(`${path}$`))
  }
  await addField(page).pressSequentially(' a line')
  await page.keyboard.press('Escape')
  await page.keyboard.press('j')
  await expect.poll(() => focused(page)).toBe('Only one')
})

test('keys are letters while something is typed', async ({ page }) => {
  await open(page)
  await addField(page).focus()
  await page.keyboard.type('going to ? jump #x')
  await expect(addField(page)).toHaveValue('going to ? jump #x')
  await expect(page).toHaveURL(/\/tasks/)
  await expect(page.getByRole('dialog')).toHaveCount(0)
})

test('what has the focus can be seen', async ({ page, person }) => {
  await person.add({ title: 'Look' })
  await open(page)
  await expect(row(page, 'Look')).toBeVisible()
  const unseen: string[] = []
  let seen = 0
  for (let i = 0; i < 30; i++) {
    await page.keyboard.press('Tab')
    const hidden = await page.evaluate(() => {
      const element = document.activeElement
      if (!element || element === document.body) return undefined
      const outlined = (pseudo?: string) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(element, pseudo)
        return outlineStyle !== 'none' && parseFloat(outlineWidth) > 0
      }
      // A row is outlined as a whole; the field for new tasks colours its frame.
      return outlined() || outlined('::before') || element.closest('form')?.matches(':focus-within') ? '' : element.outerHTML.slice(0, 150)
    })
    if (hidden !== undefined) seen++
    if (hidden) unseen.push(hidden)
  }
  expect(unseen).toEqual([])
  expect(seen).toBeGreaterThan(15)
})

/** Presses Tab until the control with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab')
    if ((await focused(page)) === name) return
  }
  throw new Error(`Tab does not reach ${name}`)
}

/** The name of what has the focus. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement
    if (!element || element === document.body) return ''
    const label = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels?.[0]?.textContent : undefined
    return (element.getAttribute('aria-label') ?? label ?? element.textContent ?? '').trim()
  })
}
