import { useEffect } from 'react'
import { ignoreTyping, isTypedInto } from './shortcuts'

/** Whoever knows better where the focus goes has said so by then: a dialog that closes, a list whose row went. */
const WAIT_MS = 150

/**
 * Once, in the shell. When what has the focus goes (a message, a screen, a task that was deleted elsewhere), the browser leaves the
 * focus nowhere, and the next Tab begins at the top of the page: it goes to the content instead.
 */
export function useFocusKept(): void {
  useEffect(() => {
    let last: Element | null = null
    let late: ReturnType<typeof setTimeout> | undefined
    const remember = ({ target }: FocusEvent) => {
      last = target instanceof Element ? target : null
      ignoreTyping(false)
    }
    const look = () => {
      if (!last || last.isConnected || document.activeElement !== document.body) return
      // What goes on to be typed into a field that went must not be done to something else.
      const typed = isTypedInto(last)
      last = null
      ignoreTyping(typed)
      clearTimeout(late)
      late = setTimeout(() => {
        if (document.activeElement !== document.body) return
        focusContent()
        ignoreTyping(typed)
      }, WAIT_MS)
    }
    const changes = new MutationObserver(look)
    changes.observe(document.body, { childList: true, subtree: true })
    document.addEventListener('focusin', remember)
    return () => {
      clearTimeout(late)
      ignoreTyping(false)
      changes.disconnect()
      document.removeEventListener('focusin', remember)
    }
  }, [])
}

/** From a field back to where keys are commands. */
export function focusContent(): void {
  document.getElementById('main')?.focus({ preventScroll: true })
}
