import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

/** No rule of axe is broken on what is shown now. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await settled(page)
  const { violations } = await new AxeBuilder({ page }).analyze()
  const found = violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${v.help}\n  ${node.html}\n  ${node.failureSummary ?? ''}`))
  expect(found, `axe on ${what}`).toEqual([])
}

/** Colours are judged when nothing fades any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document.getAnimations().every((animation) => animation.playState !== 'running' || animation.effect?.getComputedTiming().iterations === Infinity),
  )
}

/** The same, light and dark, where the person lets the system choose. Leaves it light. */
export async function expectAccessibleInBothThemes(page: Page, what: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme)
    await expectAccessible(page, `${what}, ${colorScheme}`)
  }
}
