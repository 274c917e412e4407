// @vitest-environment happy-dom
import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

vi.mock('@/api', async (original) => ({ ...(await original<object>()), ok: (asked: unknown) => asked, api: { PATCH: vi.fn() }, rememberedUser: () => ({ id: 'ann' }) }))

let asked: string[]
let well: boolean
const queries = new QueryClient()
const tick = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** As after a reload: nothing is known but what is stored. */
async function page() {
  vi.clearAllTimers()
  vi.resetModules()
  const { api, ApiError } = await import('@/api')
  vi.mocked(api.PATCH).mockImplementation(((path: string, init: { params: { query?: { until: string } } }) => {
    asked.push(path.endsWith('read-all') ? `all until ${init.params.query?.until.slice(11, 13)}` : 'one')
    return well ? Promise.resolve() : Promise.reject(new ApiError('busy', 'answered 429', { status: 429, retryAfterMs: 7000 }))
  }) as never)
  return { ...(await import('./send')), ...(await import('./writes')) }
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  asked = []
  well = false
})
afterEach(() => vi.useRealTimers())

test('what is done while the server wants to be left alone waits as long as it asked, and then goes out by itself', async () => {
  const { send, keepWrites, keptWrites } = await page()
  keepWrites('ann', { a: 'read' })
  await send(queries, 'ann')
  expect(asked).toEqual(['one'])
  keepWrites('ann', { b: 'read' })
  await send(queries, 'ann')
  await tick(6900)
  expect(asked).toEqual(['one'])
  well = true
  await tick(1000)
  expect(asked).toEqual(['one', 'one', 'one'])
  expect(keptWrites('ann')).toEqual({})
})

test('that all are read waits, too, and is asked at once then, not one by one', async () => {
  const { send, keepReadUntil, keptReadUntil } = await page()
  keepReadUntil('ann', '2026-11-30T09:00:00.000000Z')
  await send(queries, 'ann')
  expect(asked).toEqual(['all until 09'])
  keepReadUntil('ann', '2026-11-30T08:00:00.000000Z')
  await tick(6900)
  expect(asked).toEqual(['all until 09'])
  expect(keptReadUntil('ann')).toBe('2026-11-30T09:00:00.000000Z')
  well = true
  await tick(1000)
  expect(asked).toEqual(['all until 09', 'all until 09'])
  expect(keptReadUntil('ann')).toBe('')
})

test('a later wish to have all read is not over with an earlier one', async () => {
  const { send, keepReadUntil, keptReadUntil } = await page()
  well = true
  keepReadUntil('ann', '2026-11-30T09:00:00.000000Z')
  const sent = send(queries, 'ann')
  keepReadUntil('ann', '2026-11-30T10:00:00.000000Z')
  await sent
  expect(keptReadUntil('ann')).toBe(asked.includes('all until 10') ? '' : '2026-11-30T10:00:00.000000Z')
  await send(queries, 'ann')
  expect(asked.at(-1)).toBe('all until 10')
  expect(keptReadUntil('ann')).toBe('')
})

test('a reload makes the wait no shorter', async () => {
  const before = await page()
  before.keepWrites('ann', { a: 'read' })
  await before.send(queries, 'ann')
  const { send, keptWrites } = await page()
  well = true
  await tick(3000)
  await send(queries, 'ann')
  await tick(3500)
  expect(asked).toEqual(['one'])
  await tick(1000)
  expect(asked).toEqual(['one', 'one'])
  expect(keptWrites('ann')).toEqual({})
})

test('a clock that jumped does not make it wait for days', async () => {
  const { keepWait, keepWrites, send } = await page()
  well = true
  keepWait('ann', 86_400_000)
  keepWrites('ann', { a: 'read' })
  await send(queries, 'ann')
  expect(asked).toEqual(['one'])
})
