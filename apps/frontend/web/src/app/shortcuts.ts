import { useEffect, useRef } from 'react'

export type Shortcut = {
  /** Keys in order, "g t"; "?" and "/" are keys too. */
  keys: string
  /** For the sheet of all keys; without one it is a second way that the sheet leaves out. */
  label?: string
  group: 'Go to' | 'Tasks' | 'Anywhere'
  /** A key that is held runs it again and again. */
  repeats?: true
  run(): void
}

/** Whoever typed a letter into a field is typing until they pause that long, or do something else; also when the field is gone meanwhile. */
const TYPING_MS = 1000
let typedAt = -Infinity

const active = new Set<readonly Shortcut[]>()
const PAUSE_MS = 1000
let typed: string[] = []
let forget: ReturnType<typeof setTimeout> | undefined

/** The keys of a component work, and are in the sheet, while it is there. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts)
  useEffect(() => {
    latest.current = shortcuts
  })
  useEffect(() => {
    const mine = latest.current.map((s, index) => ({ ...s, run: () => latest.current[index]?.run() }))
    active.add(mine)
    return () => void active.delete(mine)
  }, [])
}

export function activeShortcuts(): Shortcut[] {
  return [...active].flat()
}

/** Once, in the shell. */
export function useShortcutKeys(): void {
  useEffect(() => {
    document.addEventListener('keydown', onKey)
    document.addEventListener('keydown', noteTyping, true)
    document.addEventListener('pointerdown', endTyping, true)
    return () => {
      document.removeEventListener('keydown', onKey)
      document.removeEventListener('keydown', noteTyping, true)
      document.removeEventListener('pointerdown', endTyping, true)
    }
  }, [])
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.key === 'Shift' || isCommand(event) || typing(event.target)) return
  if (isTyping() && isForField(event)) return
  if (event.repeat) {
    const held = find(event.key)
    if (!held) return
    event.preventDefault()
    if (held.repeats) held.run()
    return
  }
  typed = [...typed, event.key.length === 1 ? event.key.toLowerCase() : event.key].slice(-2)
  clearTimeout(forget)
  forget = setTimeout(() => (typed = []), PAUSE_MS)
  const hit = find(typed.join(' ')) ?? find(typed.at(-1) ?? '')
  if (!hit) return
  typed = []
  event.preventDefault()
  hit.run()
}

/** Before the field's own handler, which may take the field away. */
function noteTyping(event: KeyboardEvent): void {
  if (!(event.target instanceof Element) || !isTypedInto(event.target)) return
  if (event.isComposing || isLetter(event)) noteTyped()
  else endTyping()
}

/** What is meant for a field that another device's change took away must not be done to something else. */
function isForField(event: KeyboardEvent): boolean {
  const letter = isLetter(event)
  if (letter) noteTyped()
  else endTyping()
  if (!letter && event.key !== 'Enter') return false
  // Nor is a button pressed that has the focus now.
  event.preventDefault()
  return true
}

function isLetter({ key }: KeyboardEvent): boolean {
  return key.length === 1 || key === 'Backspace' || key === 'Delete'
}

function noteTyped(): void {
  typedAt = performance.now()
}

function endTyping(): void {
  typedAt = -Infinity
}

function isTyping(): boolean {
  return performance.now() - typedAt < TYPING_MS
}

/** A key that is meant for the browser or the system. Option and AltGr are how some keyboards write "#" at all. */
function isCommand(event: KeyboardEvent): boolean {
  if (event.getModifierState('AltGraph')) return false
  return event.ctrlKey || event.metaKey || (event.altKey && !/^[^\p{L}\p{N}]$/u.test(event.key))
}

function find(keys: string): Shortcut | undefined {
  return activeShortcuts().findLast((s) => s.keys === keys)
}

/** A field in which keys are text, or a choice. */
function isTypedInto(element: Element): boolean {
  return element.closest('input:not([type=checkbox]), textarea, select, [contenteditable=true]') !== null
}

/** In a field, a menu or a dialog a key is what it says. */
function typing(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false
  if (isTypedInto(target) || target.closest('[role=menu]')) return true
  return document.querySelector('[role=dialog][data-state=open], [role=alertdialog][data-state=open], [role=menu][data-state=open]') !== null
}
