import type { Page } from '@playwright/test'
import { expectAccessible, settled } from './axe'
import { expectNoSidewaysScroll, open, openDetails } from './screen'
import { fill, SCREENS } from './screens'
import { expect, test } from './test'

for (const theme of ['light', 'dark'] as const) {
  test(`axe finds nothing on any screen, empty and full, ${theme}`, async ({ page, person }) => {
    test.slow()
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    await everyScreen(page, '', (what) => expectAccessible(page, `${what}, empty, ${theme}`))
    const task = await fill(person)
    await everyScreen(page, task, (what) => expectAccessible(page, `${what}, full, ${theme}`))
    await open(page)
    await openDetails(page, 'Pay the rent')
    await expectAccessible(page, `details, ${theme}`)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: /^Account of/ }).click()
    await expect(page.getByRole('menu')).toBeVisible()
    await expectAccessible(page, `the account's menu, ${theme}`)
    await page.keyboard.press('Escape')
    await expect(page.getByRole('menu')).toBeHidden()
    await page.getByRole('button', { name: 'Filter' }).click()
    await expect(page.getByRole('menu')).toBeVisible()
    await expectAccessible(page, `the menu of filters, ${theme}`)
    await page.keyboard.press('Escape')
    await expect(page.getByRole('menu')).toBeHidden()
    await page.keyboard.press('?')
    await expect(page.getByRole('dialog')).toBeVisible()
    await expectAccessible(page, `the sheet of keys, ${theme}`)
  })
}

test("an operator's screens have nothing that axe finds", async ({ page, person, system }) => {
  await system.tasktide(['users', 'grant', person.email, 'operator'])
  await open(page, '/operator')
  await settled(page)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Operator')
  await expectAccessible(page, 'operator')
  await page.setViewportSize({ width: 320, height: 640 })
  await expectNoSidewaysScroll(page, 'operator')
})

for (const width of [320, 768, 2560]) {
  test(`every screen is usable at ${width} pixels`, async ({ page, person }) => {
    await page.setViewportSize({ width, height: 700 })
    const task = await fill(person)
    await everyScreen(page, task, async (what) => {
      await expectNoSidewaysScroll(page, what)
      await expect(page.getByRole('navigation', { name: 'Main' }).filter({ visible: true })).toHaveCount(1)
    })
    await open(page, '/tasks')
    await openDetails(page, 'Pay the rent')
    await settled(page)
    await expectNoSidewaysScroll(page, 'details')
  })
}

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
  for (const { name, path } of SCREENS) {
    if (path.includes('TASK') && !task) continue
    await open(page, path.replace('TASK', task))
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
    await look(name)
  }
}
