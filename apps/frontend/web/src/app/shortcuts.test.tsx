// @vitest-environment happy-dom
import { renderHook } from '@testing-library/react'
import { beforeEach, expect, test, vi } from 'vitest'
import { useShortcutKeys, useShortcuts } from './shortcuts'

const remove = vi.fn()
const next = vi.fn()

beforeEach(() => {
  remove.mockClear()
  next.mockClear()
  renderHook(() => {
    useShortcutKeys()
    useShortcuts([
      { keys: '#', group: 'Tasks', run: remove },
      { keys: 'j', group: 'Tasks', repeats: true, run: next },
    ])
  })
})

function press(key: string, more: KeyboardEventInit & { altGraph?: boolean } = {}): void {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  Object.defineProperty(event, 'getModifierState', { value: (name: string) => name === 'AltGraph' && more.altGraph === true })
  document.body.dispatchEvent(event)
}

test('a key that is held deletes once, and moves on and on', () => {
  press('#')
  for (let i = 0; i < 20; i++) press('#', { repeat: true })
  expect(remove).toHaveBeenCalledTimes(1)
  press('j')
  for (let i = 0; i < 3; i++) press('j', { repeat: true })
  expect(next).toHaveBeenCalledTimes(4)
})

test.each([
  ['typed with AltGr', { altGraph: true, ctrlKey: true, altKey: true }, 1],
  ['typed with Option', { altKey: true }, 1],
  ['with Control', { ctrlKey: true }, 0],
  ['with Command', { metaKey: true }, 0],
])('#, %s', (_name, modifiers, times) => {
  press('#', modifiers)
  expect(remove).toHaveBeenCalledTimes(times)
})

test("a letter with Alt is the browser's", () => {
  press('j', { altKey: true })
  expect(next).not.toHaveBeenCalled()
})
