import { lazy, Suspense, useState, type ComponentProps } from 'react'
import type * as Parts from './dialog-parts'

// Nothing is open when the page begins: what dialogs are made of is loaded after that, or when one opens.

/** Loads them now. */
export const loadDialogs = () => import('./dialog-parts')
const LazyDialog = lazy(() => loadDialogs().then((m) => ({ default: m.Dialog })))
const LazyConfirm = lazy(() => loadDialogs().then((m) => ({ default: m.Confirm })))
const LazySheet = lazy(() => loadDialogs().then((m) => ({ default: m.Sheet })))

/** From the first time that it is open. */
function useWanted(open: boolean): boolean {
  const [wanted, setWanted] = useState(open)
  if (open && !wanted) setWanted(true)
  return wanted
}

/** A dialog in the middle on a desk, from below on a phone. Focus goes in, stays in, and comes back. */
export function Dialog(props: ComponentProps<typeof Parts.Dialog>) {
  return useWanted(props.open) && <Suspense><LazyDialog {...props} /></Suspense>
}

/** A question before something that can't be undone. */
export function Confirm(props: ComponentProps<typeof Parts.Confirm>) {
  return useWanted(props.open) && <Suspense><LazyConfirm {...props} /></Suspense>
}

/** A panel at the side on a desk, from below on a phone. */
export function Sheet(props: ComponentProps<typeof Parts.Sheet>) {
  return useWanted(props.open) && <Suspense><LazySheet {...props} /></Suspense>
}
