import { useLayoutEffect, useRef, type RefObject } from 'react'

type Removal<T extends HTMLElement> = {
  /** What stands around the things. */
  group: RefObject<T | null>
  /** To be called with the button that was pressed, before its thing goes. */
  leaving(button: Element): void
}

/**
 * For things of which each has a button that removes it: the focus goes on to the next one's, the one's before, or, when none is
 * left, to `otherwise`.
 */
export function useRemoval<T extends HTMLElement>(otherwise: () => HTMLElement | null | undefined, buttons = 'button'): Removal<T> {
  const group = useRef<T>(null)
  const pressed = useRef<{ button: Element; index: number } | undefined>(undefined)
  useLayoutEffect(() => {
    if (!pressed.current || pressed.current.button.isConnected) return
    const { index } = pressed.current
    pressed.current = undefined
    if (document.activeElement !== document.body) return
    const left = group.current ? [...group.current.querySelectorAll<HTMLElement>(buttons)] : []
    const next = left[Math.min(index, left.length - 1)] ?? otherwise()
    next?.focus()
  })
  return {
    group,
    leaving(button) {
      if (document.activeElement !== button || !group.current) return
      pressed.current = { button, index: [...group.current.querySelectorAll(buttons)].indexOf(button) }
    },
  }
}
