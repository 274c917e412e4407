// @vitest-environment happy-dom
import { act, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Task } from '@/api'
import type { Row } from '@/store'
import { draftTask } from '@/store/fields'
import { useFieldEdit } from './field-edit'
import { cleanTitle, titleError } from './title'

let epoch = 'e'
const update = vi.fn(() => true)
vi.mock('@/app/scope', () => ({ useScope: () => ({ tasks: { update, epoch: () => epoch }, user: { id: 'ann' } }) }))
vi.mock('@/store', async () => import('@/store/fields'))

const row = (title: string, version = 1): Row => ({ key: 't', state: 'saved', ops: [], task: { ...draftTask('t', 'ann', { title, priority: 'low', category: 'home' }, ''), version } })

function edit(afterMs?: number) {
  return renderHook(({ at }) => useFieldEdit(at, 'title', { clean: cleanTitle, ...(afterMs ? { afterMs } : {}) }), { initialProps: { at: row('Milk') } })
}
/** What was saved last: the title, and the title and version that it was made of. */
const saved = () => {
  const [, edits, from] = update.mock.lastCall as unknown as [string, { title: string }, Task]
  return [edits.title, from.title, from.version]
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  update.mockReset().mockReturnValue(true)
  epoch = 'e'
})
afterEach(() => vi.useRealTimers())

describe('a field that is edited', () => {
  test('shows what is typed, and saves it when it is left', () => {
    const { result } = edit()
    act(() => result.current.set(' Oat milk '))
    expect(result.current.value).toBe(' Oat milk ')
    act(() => result.current.commit())
    expect(saved()).toEqual(['Oat milk', 'Milk', 1])
    expect(result.current.dirty).toBe(false)
  })

  test('keeps what is typed when there is nothing that it could be saved to', () => {
    update.mockReturnValue(false)
    const first = edit()
    act(() => first.result.current.set('Oat milk'))
    first.unmount()
    expect(edit().result.current.value).toBe('Oat milk')
  })

  test('saves by itself after a pause', () => {
    const { result } = edit(1500)
    act(() => result.current.set('Oat'))
    act(() => void vi.advanceTimersByTime(1400))
    act(() => result.current.set('Oat milk'))
    act(() => void vi.advanceTimersByTime(1400))
    expect(update).not.toHaveBeenCalled()
    act(() => void vi.advanceTimersByTime(200))
    expect(saved()).toEqual(['Oat milk', 'Milk', 1])
  })

  test('saves when its panel closes, and not what was given up', () => {
    const first = edit()
    act(() => first.result.current.set('Oat milk'))
    first.unmount()
    expect(saved()).toEqual(['Oat milk', 'Milk', 1])
    update.mockClear()
    const second = edit()
    act(() => second.result.current.set('Soy'))
    act(() => second.result.current.reset())
    second.unmount()
    expect(update).not.toHaveBeenCalled()
  })

  test('saves nothing that can not be saved, and keeps it as it was typed', () => {
    const { result } = edit(1500)
    const long = 'x'.repeat(256)
    act(() => result.current.set(long))
    act(() => void vi.advanceTimersByTime(5000))
    act(() => result.current.commit())
    expect(update).not.toHaveBeenCalled()
    expect(result.current.value).toBe(long)
    act(() => result.current.set('Short'))
    act(() => result.current.commit())
    expect(update).toHaveBeenCalledTimes(1)
    expect(result.current.value).not.toBe(long)
  })

  test('outlives a reload, with what it was made of', () => {
    const before = edit()
    act(() => before.result.current.set('Oat milk'))
    epoch = 'of another database'
    // A reload runs no cleanup.
    const { result } = renderHook(() => useFieldEdit(row('Milk', 4), 'title'))
    expect(result.current).toMatchObject({ value: 'Oat milk', dirty: true, foreign: undefined })
    act(() => result.current.commit())
    expect(saved()).toEqual(['Oat milk', 'Milk', 1])
    expect(update.mock.lastCall?.at(3 as never)).toBe('e')
  })
})

describe('a change from elsewhere', () => {
  test('to a field that is not edited is just there', () => {
    const { result, rerender } = edit()
    rerender({ at: row('Soy milk', 2) })
    expect(result.current).toMatchObject({ value: 'Soy milk', dirty: false, foreign: undefined })
  })

  test('to the field that is edited is shown beside it, and nothing is saved until the person decides', () => {
    const { result, rerender, unmount } = edit(1500)
    act(() => result.current.set('Oat milk'))
    rerender({ at: row('Soy milk', 2) })
    expect(result.current).toMatchObject({ value: 'Oat milk', foreign: { value: 'Soy milk' } })
    act(() => result.current.commit())
    act(() => void vi.advanceTimersByTime(5000))
    unmount()
    expect(update).not.toHaveBeenCalled()
  })

  test('is taken, or written over by one who has seen it', () => {
    const { result, rerender } = edit()
    act(() => result.current.set('Oat milk'))
    rerender({ at: row('Soy milk', 2) })
    act(() => result.current.insist())
    expect(saved()).toEqual(['Oat milk', 'Soy milk', 2])
    act(() => result.current.set('x'))
    rerender({ at: row('Rice milk', 3) })
    act(() => result.current.reset())
    expect(result.current).toMatchObject({ value: 'Rice milk', dirty: false })
    expect(update).toHaveBeenCalledOnce()
  })

  test('that says the same is none', () => {
    const { result, rerender } = edit()
    act(() => result.current.set('Oat milk'))
    rerender({ at: row('Oat milk', 2) })
    expect(result.current.foreign).toBeUndefined()
  })
})

test.each([
  ['', /needs a title/],
  ['   ', /needs a title/],
  ['買'.repeat(255), undefined],
  [` ${'👩‍👩‍👧'.repeat(51)} `, undefined],
  ['🥛'.repeat(256), /at most 255 characters; this one has 256/],
])('a title is counted as the server counts: %#', (title, error) => {
  if (error) expect(titleError(title)).toMatch(error)
  else expect(titleError(title)).toBeUndefined()
})
