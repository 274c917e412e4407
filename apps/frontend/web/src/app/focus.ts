import { useEffect } from 'react'

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
    }
    // Of what is removed that is said, too.
    const forget = ({ target }: FocusEvent) => queueMicrotask(() => {
      if (target === last && last?.isConnected && document.activeElement !== last) last = null
    })
    const look = () => {
      if (!last || last.isConnected || document.activeElement !== document.body) return
      last = null
      clearTimeout(late)
      late = setTimeout(() => document.activeElement === document.body && focusContent(), WAIT_MS)
    }
    const changes = new MutationObserver(look)
    changes.observe(document.body, { childList: true, subtree: true })
    document.addEventListener('focusin', remember)
    document.addEventListener('focusout', forget)
    return () => {
      clearTimeout(late)
      changes.disconnect()
      document.removeEventListener('focusin', remember)
      document.removeEventListener('focusout', forget)
    }
  }, [])
}

/** From a field back to where keys are commands. */
export function focusContent(): void {
  document.getElementById('main')?.focus({ preventScroll: true })
}
