import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

/** No rule of axe is broken on what is shown now, or none of `rules`. */
export async function expectAccessible(page: Page, what: string, rules?: string[]): Promise<void> {
  await settled(page)
  // There is no frame here; without this axe opens another tab each time.
  const axe = new AxeBuilder({ page }).setLegacyMode()
  if (rules) axe.withRules(rules)
  const { violations } = await axe.analyze()
  const found = violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${v.help}\n  ${node.html}\n  ${node.failureSummary ?? ''}`))
  expect(found, `axe on ${what}`).toEqual([])
}

/** Colours are judged when nothing fades any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document.getAnimations().every((animation) => animation.playState !== 'running' || animation.effect?.getComputedTiming().iterations === Infinity),
  )
}

const COLOURS = ['color-contrast', 'link-in-text-block']

/**
 * The same where the person lets the system choose between light and dark, in both; leaves it light. Nothing but colours
 * differs between them.
 */
export async function expectAccessibleInBothThemes(page: Page, what: string): Promise<void> {
  await choose(page, 'dark')
  await expectAccessible(page, `${what}, dark`, COLOURS)
  await choose(page, 'light')
  await expectAccessible(page, `${what}, light`)
}

async function choose(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme })
  await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme)
}
