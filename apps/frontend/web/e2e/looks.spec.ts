import type { Page } from '@playwright/test'
import { expectAccessibleInBothThemes, settled } from './axe'
import { addField, checkbox, details, edit, expectNoSidewaysScroll, messages, open, openDetails, remove, row, titleField, visit } from './screen'
import { fill, SCREENS } from './screens'
import { expect, test } from './test'

for (const state of ['empty', 'full'] as const) {
  test(`axe finds nothing on any screen, ${state}, light and dark`, async ({ page, person }) => {
    test.slow()
    await page.emulateMedia({ reducedMotion: 'reduce' })
    const task = state === 'full' ? await fill(person) : ''
    await everyScreen(page, task, (what) => expectAccessibleInBothThemes(page, `${what}, ${state}`))
  })
}

test('axe finds nothing on what opens over a screen: details, menus, a dialog, messages', async ({ page, person }) => {
  test.slow()
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await fill(person)
  await open(page)
  await openDetails(page, 'Pay the rent')
  await expectAccessibleInBothThemes(page, 'details')
  await page.getByRole('button', { name: 'Close the details' }).click()
  for (const menu of [/^Account of/, 'Filter', /^Order/]) {
    await page.getByRole('button', { name: menu }).click()
    await expect(page.getByRole('menu')).toBeVisible()
    await expectAccessibleInBothThemes(page, `the menu ${menu}`)
    await page.keyboard.press('Escape')
    await expect(page.getByRole('menu')).toBeHidden()
  }
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await expectAccessibleInBothThemes(page, 'the sheet of keys')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()
  await addField(page).fill('Pay rent every month on the 1st at 9 !high #home')
  await expect(page.getByText(/^then /)).toBeVisible()
  await expectAccessibleInBothThemes(page, 'what was understood')
  await addField(page).fill('tomorrow at 9')
  await addField(page).press('Enter')
  await expect(page.getByRole('alert')).toBeVisible()
  await expectAccessibleInBothThemes(page, 'a line that lacks what there is to do')
  await checkbox(page, 'Buy oat milk').click()
  await remove(page, 'Call the dentist')
  await expect(messages(page)).toContainText('Deleted')
  await expectAccessibleInBothThemes(page, 'messages')
})

test('axe finds nothing on the sheets of a narrow screen', async ({ page, person }) => {
  test.slow()
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.setViewportSize({ width: 390, height: 780 })
  await fill(person)
  await open(page)
  await expectAccessibleInBothThemes(page, 'the list, narrow')
  await openDetails(page, 'Pay the rent')
  await expectAccessibleInBothThemes(page, 'details, narrow')
  await page.keyboard.press('Escape')
  await expect(details(page)).toBeHidden()
  await page.getByRole('button', { name: 'Add a task' }).click()
  await expect(addField(page)).toBeFocused()
  await addField(page).fill('Buy bread tomorrow')
  await expectAccessibleInBothThemes(page, 'adding, narrow')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await expect(addField(page)).toBeHidden()
  await page.getByRole('button', { name: 'More' }).click()
  const more = page.getByRole('dialog', { name: 'More' })
  await expect(more).toBeVisible()
  await expectAccessibleInBothThemes(page, 'more, narrow')
  await more.getByRole('link', { name: 'Activity' }).click()
  await expect(more).toBeHidden()
  await expect(page.getByRole('heading', { level: 1, name: 'Activity' })).toBeVisible()
})

test.describe('what goes wrong', () => {
  test.use({ serviceWorkers: 'block' }) // it would have the part that is lost

  test('is said on each screen, with a way on, and without anything that axe finds', async ({ page, person, guard }) => {
    test.slow()
    await page.emulateMedia({ reducedMotion: 'reduce' })
    const { id } = await person.add({ title: 'Buy oat milk' })
    await open(page)
    const refused = { status: 403, contentType: 'application/problem+json', body: '{"title":"x","status":403,"detail":"said by the test"}' }
    await page.route(/\/api\/[^/]+\/(notifications|events|audit|tasks\/)/, (route) => route.fulfill(refused))
    for (const path of ['/notifications', '/activity', `/tasks/${id}/history`]) {
      await visit(page, path)
      await expect(page.getByRole('alert')).toContainText('Said by the test')
      await expect(page.getByRole('alert').getByRole('button', { name: 'Try again' })).toBeVisible()
      await expectAccessibleInBothThemes(page, `${path}, refused`)
    }
    await visit(page, '/tasks')
    await edit(page, 'Buy oat milk')
    await titleField(page).fill('Buy oat milk and bread')
    await titleField(page).press('Enter')
    await expect(row(page, 'Buy oat milk and bread').getByRole('button', { name: 'Discard' })).toBeVisible()
    await expectAccessibleInBothThemes(page, 'a write that was refused')
    await visit(page, '/settings')
    await expect(page.getByRole('note').filter({ hasText: 'One of your changes needs you' })).toBeVisible()
    await expectAccessibleInBothThemes(page, 'a change that needs the person')
    await visit(page, '/no/such/page')
    await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible()
    await expectAccessibleInBothThemes(page, 'no such page')

    await page.unrouteAll()
    await page.route('**/assets/operator-screen-*', (route) => route.abort())
    await page.goto('/operator')
    await expect(page.getByRole('heading', { name: 'This part could not be loaded' })).toBeVisible()
    await expectAccessibleInBothThemes(page, 'a part that could not be loaded')
    expect(guard.take().filter((what) => !/dynamically imported module/.test(what))).toEqual([])
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Reload' }).click()
    await expect(page.getByRole('heading', { name: 'This screen is for whoever runs the server' })).toBeVisible()
    guard.take()
  })
})

test('every screen is usable from 320 to 2560 pixels', async ({ page, person }) => {
  test.slow()
  const task = await fill(person)
  const widths = [320, 768, 2560]
  await everyScreen(page, task, async (what) => {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 700 })
      await expectNoSidewaysScroll(page, `${what} at ${width}`)
      await expect(page.getByRole('navigation', { name: 'Main' }).filter({ visible: true })).toHaveCount(1)
    }
  })
  await page.setViewportSize({ width: 1280, height: 700 })
  await visit(page, '/tasks')
  await openDetails(page, 'Pay the rent')
  for (const width of widths) {
    await page.setViewportSize({ width, height: 700 })
    await expect(details(page).getByLabel('Notes')).toBeVisible()
    await settled(page)
    await expectNoSidewaysScroll(page, `details at ${width}`)
  }
})

test('with reduced motion nothing moves', async ({ page, person }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await fill(person)
  const moved: string[] = []
  await page.exposeFunction('moved', (what: string) => moved.push(what))
  await page.addInitScript(() => {
    const look = () => {
      for (const animation of document.getAnimations()) {
        const { duration } = animation.effect?.getComputedTiming() ?? {}
        const keyframes = animation.effect instanceof KeyframeEffect ? animation.effect.getKeyframes() : []
        const moves = keyframes.some((k) => 'transform' in k || 'translate' in k || 'width' in k || 'height' in k || 'rotate' in k)
        if (moves && Number(duration) > 50) (window as unknown as { moved(what: string): void }).moved(`${(animation as CSSAnimation).animationName ?? (animation as CSSTransition).transitionProperty} ${duration}`)
      }
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  await open(page, '/tasks')
  await openDetails(page, 'Pay the rent')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Escape')
  expect(moved).toEqual([])
})

async function everyScreen(page: Page, task: string, look: (what: string) => Promise<void>): Promise<void> {
  await open(page)
  for (const { name, path } of SCREENS) {
    if (path.includes('TASK') && !task) continue
    await visit(page, path.replace('TASK', task))
    await expect(page).toHaveTitle(name === 'history' ? /^Pay the rent/ : new RegExp(`^${name === 'tasks' ? 'All tasks' : name} ·`, 'i'))
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
    await look(name)
  }
}
