import type { Page } from '@playwright/test'
import { checkbox, expectConnected, open } from './screen'
import { expect, test } from './test'

test('what a visit needs is asked for once, and before the code is there', async ({ page, person }) => {
  await person.add({ title: 'Here at once' })
  const asked = record(page)
  await open(page, '/tasks')
  await expect(checkbox(page, 'Here at once')).toBeVisible()
  await expectConnected(page)
  const session = '/api/auth/get-session'
  const list = `/api/${person.id}/tasks`
  expect(asked.filter((path) => path === session || path === list)).toEqual([session, list])
  const times = await resources(page)
  expect(times.find((entry) => entry.path === session)?.started).toBeLessThan(times.find((entry) => /^\/assets\/index.*\.js$/.test(entry.path))?.ended ?? NaN)

  asked.length = 0
  await page.reload()
  await expect(checkbox(page, 'Here at once')).toBeVisible()
  await expectConnected(page)
  // The browser keeps the list now.
  expect(asked.filter((path) => path === session || path === list)).toEqual([session])
})

function record(page: Page): string[] {
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  return asked
}

/** What was loaded, with when it was asked for and when it had come, in ms since the visit began. */
function resources(page: Page): Promise<{ path: string; started: number; ended: number }[]> {
  return page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map((entry) => ({ path: new URL(entry.name).pathname, started: entry.startTime, ended: entry.responseEnd })),
  )
}
