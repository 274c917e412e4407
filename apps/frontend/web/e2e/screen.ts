import { expect, type Locator, type Page } from '@playwright/test'

// Where things are on the page, in the words that a person sees. Steps say what a person does.

/** The row of a task in a list. */
export function row(page: Page, title: string): Locator {
  return page.getByRole('listitem').filter({ has: checkbox(page, title) })
}

/** The round box that completes a task. Its name says the title and the priority. */
export function checkbox(page: Page, title: string): Locator {
  return page.getByRole('checkbox', { name: new RegExp(`^${literal(title)} \\(`) })
}

/** What the page says in a corner, and takes back again by itself. */
export function messages(page: Page): Locator {
  return page.getByRole('region', { name: 'Messages' })
}

/** The word beside the dot. */
export function connection(page: Page): Locator {
  return page.getByRole('banner').getByRole('status')
}

/** The field for new tasks. */
export function addField(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Add a task' })
}

/** The title of a task while it is edited where it stands. */
export function titleField(page: Page): Locator {
  return page.getByRole('listitem').getByRole('textbox', { name: 'Title', exact: true })
}

/** The panel with everything of one task. */
export function details(page: Page): Locator {
  return page.getByRole('complementary', { name: 'Task' }).or(page.getByRole('dialog', { name: 'Task', exact: true }))
}

/** Opens a screen and waits until it is there, and live. */
export async function open(page: Page, path = '/tasks'): Promise<void> {
  await page.goto(path)
  await expectConnected(page)
}

/** Goes to a screen as a link of the page does: nothing is loaded anew. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState(null, '', to)
    dispatchEvent(new PopStateEvent('popstate'))
  }, path)
}

export async function expectConnected(page: Page): Promise<void> {
  await expect(connection(page)).toHaveText(/^Connected/)
}

/** Types a line into the field for new tasks, and enters it. */
export async function add(page: Page, line: string): Promise<void> {
  await addField(page).fill(line)
  await addField(page).press('Enter')
}

/** Opens the panel of a task. */
export async function openDetails(page: Page, title: string): Promise<Locator> {
  await row(page, title).getByRole('button', { name: title, exact: true }).click()
  await expect(details(page).getByLabel('Notes')).toBeVisible()
  return details(page)
}

/** Begins to edit a title where it stands. */
export async function edit(page: Page, title: string): Promise<void> {
  await row(page, title).hover()
  await row(page, title).getByRole('button', { name: 'Edit title' }).click()
}

/** Deletes a task by the button in its row. */
export async function remove(page: Page, title: string): Promise<void> {
  await row(page, title).hover()
  await row(page, title).getByRole('button', { name: 'Delete', exact: true }).click()
}

/** Remembers the page as it is; `expectNotReloaded` fails when it was loaded anew since. */
export async function mark(page: Page): Promise<void> {
  await page.evaluate(() => ((window as unknown as { marked: boolean }).marked = true))
}

export async function expectNotReloaded(page: Page): Promise<void> {
  expect(await page.evaluate(() => (window as unknown as { marked?: boolean }).marked), 'the page was loaded anew').toBe(true)
}

/** Everything that is shown can be reached without scrolling sideways. */
export async function expectNoSidewaysScroll(page: Page, what: string): Promise<void> {
  const beyond = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth
    const clipped = (element: Element): boolean => {
      for (let e: Element | null = element; e; e = e.parentElement) if (getComputedStyle(e).overflowX !== 'visible') return true
      return false
    }
    return [...document.querySelectorAll('body *')]
      .filter((element) => {
        const { left, right, width, height } = element.getBoundingClientRect()
        return width > 1 && height > 1 && (right > limit + 1 || left < -1) && !clipped(element.parentElement ?? element)
      })
      .map((element) => element.outerHTML.slice(0, 200))
  })
  expect(beyond.slice(0, 3), `${what}: reaches beyond the screen`).toEqual([])
  const scrollers = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll('body *')]
      .filter((e) => e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(e).overflowX) && e.tagName !== 'PRE' && e.tagName !== 'TEXTAREA')
      .map((e) => e.outerHTML.slice(0, 200)),
  )
  expect(scrollers, `${what}: scrolls sideways`).toEqual([])
}

export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
