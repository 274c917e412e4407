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

/** Whoever was typing when their field went is typing still, until they pause that long. */
const TYPING_MS = 1000
let typingUntil = 0

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

/** What is typed is no command for as long as it goes on; `false`: it is one again. */
export function ignoreTyping(ignore: boolean): void {
  typingUntil = ignore ? performance.now() + TYPING_MS : 0
}

export function activeShortcuts(): Shortcut[] {
  return [...active].flat()
}

/** Once, in the shell. */
export function useShortcutKeys(): void {
  useEffect(() => {
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.key === 'Shift' || isCommand(event) || typing(event.target)) return
  if (performance.now() < typingUntil) return ignoreTyping(true)
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

/** A key that is meant for the browser or the system. Option and AltGr are how some keyboards write "#" at all. */
function isCommand(event: KeyboardEvent): boolean {
  if (event.getModifierState('AltGraph')) return false
  return event.ctrlKey || event.metaKey || (event.altKey && !/^[^\p{L}\p{N}]$/u.test(event.key))
}

function find(keys: string): Shortcut | undefined {
  return activeShortcuts().findLast((s) => s.keys === keys)
}

/** A field in which keys are text, or a choice. */
export function isTypedInto(element: Element): boolean {
  return element.closest('input:not([type=checkbox]), textarea, select, [contenteditable=true]') !== null
}

/** In a field, a menu or a dialog a key is what it says. */
function typing(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false
  if (isTypedInto(target) || target.closest('[role=menu]')) return true
  return document.querySelector('[role=dialog][data-state=open], [role=alertdialog][data-state=open], [role=menu][data-state=open]') !== null
}
