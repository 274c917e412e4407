import { lazy, Suspense, useState, type ComponentProps } from 'react'
import type * as Parts from './dialog-parts'

// Nothing is open when the page begins: what dialogs are made of is loaded after that, or when one opens.

/** Loads them now. */
export const loadDialogs = () => import('./dialog-parts')
const LazyDialog = lazy(() => loadDialogs().then((m) => ({ default: m.Dialog })))
const LazyConfirm = lazy(() => loadDialogs().then((m) => ({ default: m.Confirm })))
const LazySheet = lazy(() => loadDialogs().then((m) => ({ default: m.Sheet })))

/** `wanted` from the first time that it is open; `opener` has the focus again when it closes. */
function useOpened(open: boolean): { wanted: boolean; opener: HTMLElement | undefined } {
  const [state, setState] = useState<{ open: boolean; wanted: boolean; opener: HTMLElement | undefined }>({ open: false, wanted: false, opener: undefined })
  if (open !== state.open) setState(open ? { open, wanted: true, opener: focused() } : { ...state, open })
  return state
}

/** What has the focus; of a menu, which goes, the button that opened it. */
function focused(): HTMLElement | undefined {
  const element = document.activeElement
  const button = element?.closest('[role=menu]')?.getAttribute('aria-labelledby')
  const opener = button ? document.getElementById(button) : element
  return opener instanceof HTMLElement ? opener : undefined
}

/** A dialog in the middle on a desk, from below on a phone. Focus goes in, stays in, and comes back. */
export function Dialog(props: ComponentProps<typeof Parts.Dialog>) {
  const { wanted, opener } = useOpened(props.open)
  return wanted && <Suspense><LazyDialog opener={opener} {...props} /></Suspense>
}

/** A question before something that can't be undone. */
export function Confirm(props: ComponentProps<typeof Parts.Confirm>) {
  const { wanted, opener } = useOpened(props.open)
  return wanted && <Suspense><LazyConfirm opener={opener} {...props} /></Suspense>
}

/** A panel at the side on a desk, from below on a phone. */
export function Sheet(props: ComponentProps<typeof Parts.Sheet>) {
  const { wanted, opener } = useOpened(props.open)
  return wanted && <Suspense><LazySheet opener={opener} {...props} /></Suspense>
}
