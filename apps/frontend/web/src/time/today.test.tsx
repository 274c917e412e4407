// @vitest-environment happy-dom
import { act, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { learnServerTime } from './clock'
import { agoText } from './format'
import { useNow, useToday } from './today'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const at = (iso: string) => vi.setSystemTime(new Date(iso))
const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms))
const MINUTE = 60_000

describe('today', () => {
  test.each([
    ['Europe/Berlin', '2026-11-30T22:58:00Z', '2026-11-30', '2026-12-01'],
    ['America/New_York', '2026-12-01T04:58:00Z', '2026-11-30', '2026-12-01'],
    ['Asia/Kathmandu', '2026-11-30T18:13:00Z', '2026-11-30', '2026-12-01'],
    // The night in which the clocks change, and one without a midnight.
    ['Europe/Berlin', '2027-03-28T21:58:00Z', '2027-03-28', '2027-03-29'],
    ['Asia/Beirut', '2027-03-27T21:58:00Z', '2027-03-27', '2027-03-28'],
  ])('changes at midnight in %s', async (zone, instant, before, after) => {
    at(instant)
    const { result } = renderHook(() => useToday(zone))
    await wait(MINUTE + 59_000)
    expect(result.current).toBe(before)
    await wait(1500)
    expect(result.current).toBe(after)
  })

  test('is right soon after a machine slept over midnight', async () => {
    at('2026-11-30T20:00:00Z')
    const { result } = renderHook(() => useToday('UTC'))
    at('2026-12-01T07:00:00Z')
    await wait(MINUTE)
    expect(result.current).toBe('2026-12-01')
  })

  test('is right at once when the tab is looked at again', () => {
    at('2026-11-30T20:00:00Z')
    const { result } = renderHook(() => useToday('UTC'))
    at('2026-12-01T07:00:00Z')
    act(() => void document.dispatchEvent(new Event('visibilitychange')))
    expect(result.current).toBe('2026-12-01')
  })

  test('is that of another zone as soon as that is chosen', () => {
    at('2026-11-30T23:30:00Z')
    const { result, rerender } = renderHook(({ zone }) => useToday(zone), { initialProps: { zone: 'UTC' } })
    expect(result.current).toBe('2026-11-30')
    rerender({ zone: 'Europe/Berlin' })
    expect(result.current).toBe('2026-12-01')
  })

  test("is the server's when the browser's clock is wrong by an hour", () => {
    at('2026-11-30T22:30:00Z')
    const { result } = renderHook(() => useToday('UTC'))
    expect(result.current).toBe('2026-11-30')
    act(() => learnServerTime('Mon, 30 Nov 2026 23:30:00 GMT', Date.now()))
    at('2026-11-30T23:00:10Z')
    act(() => void document.dispatchEvent(new Event('visibilitychange')))
    expect(result.current).toBe('2026-12-01')
    act(() => learnServerTime('Mon, 30 Nov 2026 23:00:10 GMT', Date.now()))
    expect(result.current).toBe('2026-11-30')
  })
})

describe('now', () => {
  const half = (iso: string) => Date.parse(iso)

  test('is of this half minute when something is drawn for another reason', () => {
    at('2026-11-30T20:00:29Z')
    const { result, rerender } = renderHook(() => useNow())
    expect(result.current).toBe(half('2026-11-30T20:00:00Z'))
    at('2026-11-30T20:00:58Z')
    rerender()
    expect(result.current).toBe(half('2026-11-30T20:00:30Z'))
  })

  test('turns when the half minute does, not so long after the screen was opened', async () => {
    at('2026-11-30T20:00:29Z')
    const { result } = renderHook(() => useNow())
    await wait(1100)
    expect(result.current).toBe(half('2026-11-30T20:00:30Z'))
    await wait(30_000)
    expect(result.current).toBe(half('2026-11-30T20:01:00Z'))
  })

  test("follows the server's clock, and a tab that is looked at again, at once", () => {
    at('2026-11-30T20:00:00Z')
    const { result } = renderHook(() => useNow())
    act(() => learnServerTime('Mon, 30 Nov 2026 21:00:00 GMT', Date.now()))
    expect(result.current).toBe(half('2026-11-30T21:00:00Z'))
    act(() => learnServerTime('Mon, 30 Nov 2026 20:00:00 GMT', Date.now()))
    at('2026-11-30T23:00:00Z')
    act(() => void document.dispatchEvent(new Event('visibilitychange')))
    expect(result.current).toBe(half('2026-11-30T23:00:00Z'))
  })

  test('what has just come is not in the future', () => {
    const now = half('2026-11-30T20:00:00Z')
    expect(agoText(now + 29_900, 'UTC', now)).toBe('just now')
    expect(agoText(now - 59_000, 'UTC', now)).toBe('just now')
    expect(agoText(now - 61_000, 'UTC', now)).toBe('1 minute ago')
    expect(agoText(now + 61_000, 'UTC', now)).toBe('in 1 minute')
  })
})

describe("the server's time", () => {
  test.each([
    ['no header', null, 0],
    ['no date', 'yesterday', 0],
    ['a difference below what the header can tell', 'Mon, 30 Nov 2026 22:30:03 GMT', 0],
    ['an answer that took too long to tell', 'Mon, 30 Nov 2026 23:30:00 GMT', 6000],
  ])('is not learned from %s', async (_name, header, took) => {
    const { clockOffset } = await import('./clock')
    at('2026-11-30T22:30:00Z')
    learnServerTime(header, Date.now() - took)
    expect(clockOffset()).toBe(0)
  })
})
