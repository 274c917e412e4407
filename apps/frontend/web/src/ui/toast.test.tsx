// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { dismissAll, toast, Toaster } from './toast'

const undo = vi.fn()
const close = vi.fn()
const wait = (ms: number) => act(() => void vi.advanceTimersByTime(ms))
const button = () => screen.queryByRole('button', { name: 'Undo' })

beforeEach(() => {
  vi.useFakeTimers()
  undo.mockReset()
  close.mockReset()
  render(<Toaster />)
  act(() => void toast({ id: 'gone', text: 'Deleted', forMs: 5000, onClose: close, action: { label: 'Undo', run: undo } }))
})
afterEach(() => {
  act(dismissAll)
  cleanup()
  vi.useRealTimers()
})

/** As long as the button is there it works; when it is gone, that was said, once. */
function expectThere(there: boolean): void {
  expect(button() !== null).toBe(there)
  expect(close).toHaveBeenCalledTimes(there ? 0 : 1)
}

test('a message goes after its time, and says so', () => {
  wait(4999)
  expectThere(true)
  wait(1)
  expectThere(false)
})

test.each([
  ['pointed at', fireEvent.pointerEnter, fireEvent.pointerLeave],
  ['focused', fireEvent.focus, fireEvent.blur],
])('while it is %s its time does not run', (_, begin, end) => {
  wait(3000)
  begin(screen.getByRole('status'))
  wait(60_000)
  expectThere(true)
  end(screen.getByRole('status'))
  wait(4999)
  expectThere(true)
  wait(1)
  expectThere(false)
})

test('its button still has the focus when the pointer goes: its time does not run', () => {
  fireEvent.pointerEnter(screen.getByRole('status'))
  fireEvent.focus(screen.getByRole('button', { name: 'Undo' }))
  fireEvent.pointerLeave(screen.getByRole('status'))
  wait(60_000)
  expectThere(true)
})

test('its action ends it, and nothing else is said', () => {
  fireEvent.click(screen.getByRole('button', { name: 'Undo' }))
  wait(60_000)
  expect(undo).toHaveBeenCalledOnce()
  expect(close).not.toHaveBeenCalled()
  expect(button()).toBeNull()
})

test.each<[string, () => void]>([
  ['closed', () => fireEvent.click(screen.getByRole('button', { name: 'Close message' }))],
  ['replaced', () => void toast({ id: 'gone', text: 'Again' })],
  ['not for the next person', dismissAll],
  ['on a page that is left', () => fireEvent(window, new Event('pagehide'))],
])('when it is %s, that is said, once', (_, how) => {
  act(how)
  expectThere(false)
  wait(60_000)
  expectThere(false)
})

test('many others do not push out what has an effect when it goes, what stays until it is closed, nor what somebody is at', () => {
  act(() => void toast({ text: 'Looked at' }))
  act(() => void toast({ text: 'Reminder', forMs: 0 }))
  act(() => void toast({ text: 'Plain' }))
  fireEvent.focus(screen.getByText('Looked at'))
  act(() => [1, 2, 3, 4].forEach((n) => toast({ text: `Deleted ${n}`, onClose: close })))
  expectThere(true)
  // The newest is below all others, and first for whoever comes by Tab.
  expect(screen.getAllByRole('status').map((one) => one.textContent)).toEqual(['Deleted 4', 'Deleted 3', 'Deleted 2', 'Deleted 1', 'Plain', 'Reminder', 'Looked at', 'DeletedUndo'])
  act(() => [1, 2, 3].forEach((n) => toast({ text: `Newer ${n}` })))
  expect(screen.getByText('Plain')).toBeTruthy()
  act(() => void toast({ text: 'Newer 4' }))
  expect(screen.queryByText('Plain')).toBeNull()
  expect(screen.getByText('Newer 1')).toBeTruthy()
  fireEvent.blur(screen.getByText('Looked at'))
  act(() => void toast({ text: 'And one more' }))
  expect(screen.queryByText('Looked at')).toBeNull()
  expect(screen.getByText('Reminder')).toBeTruthy()
  expectThere(true)
})
