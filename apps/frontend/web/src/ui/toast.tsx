import { X } from 'lucide-react'
import { useEffect, useState, useSyncExternalStore, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { Button, IconButton } from './button'
import { cx } from './cx'

export type ToastOptions = {
  /** A toast with the id of one that is shown takes its place. */
  id?: string
  text: ReactNode
  detail?: ReactNode
  tone?: 'plain' | 'danger' | 'reminder'
  icon?: ReactNode
  action?: { label: string; run(): void }
  /** Below the text: more to do than one action. */
  below?: ReactNode
  /** How long it stays, 6 s if not said; 0: until it is closed. Pointing at it or focus holds it. */
  forMs?: number
  /** It is gone, by whatever but its action: its action can't be run any more. Called once. */
  onClose?(): void
}

type Shown = ToastOptions & { id: string }

let shown: Shown[] = []
let next = 0
const listeners = new Set<() => void>()
const clocks = new Map<Shown, ReturnType<typeof setTimeout>>()
/** Pointed at, or with the focus. */
const held = new Set<Shown>()
/** More than so many are in the way. */
const ENOUGH = 4

/** `acted`: the one that goes by its action. */
function change(toasts: Shown[], acted?: Shown): void {
  const gone = shown.filter((t) => !toasts.includes(t))
  shown = toasts
  for (const listener of listeners) listener()
  for (const one of gone) {
    stop(one)
    if (one !== acted) one.onClose?.()
  }
}

function start(one: Shown): void {
  const { forMs = 6000 } = one
  if (forMs > 0 && shown.includes(one) && !held.has(one)) clocks.set(one, setTimeout(() => dismiss(one.id), forMs))
}

function stop(one: Shown): void {
  clearTimeout(clocks.get(one))
  clocks.delete(one)
}

/** Its time does not run until the returned function is called; then it begins anew. */
function hold(one: Shown): () => void {
  held.add(one)
  stop(one)
  return () => {
    held.delete(one)
    start(one)
  }
}

/** The oldest make room, but for those that somebody is at, those that stay until they are closed, and those whose going has an effect. */
function withRoom(toasts: Shown[]): Shown[] {
  const mayGo = (t: Shown) => !t.onClose && t.forMs !== 0 && !held.has(t)
  let over = toasts.filter(mayGo).length - ENOUGH
  return toasts.filter((t) => !mayGo(t) || over-- <= 0)
}

/** Shows a toast, and returns its id. */
export function toast(options: ToastOptions): string {
  const one = { ...options, id: options.id ?? `toast-${++next}` }
  change(withRoom([...shown.filter((t) => t.id !== one.id), one]))
  start(one)
  return one.id
}

/** The ids of those whose id begins so, and that nobody is at. */
export function standing(prefix: string): string[] {
  return shown.filter((t) => t.id.startsWith(prefix) && !held.has(t)).map(({ id }) => id)
}

export function dismiss(id: string): void {
  change(shown.filter((t) => t.id !== id))
}

/** What was said to one person is not for the next one. */
export function dismissAll(): void {
  change([])
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** When the page is left, what can't wait does not; should the page come back, it is not offered any more. */
function settle(): void {
  change(shown.filter((t) => !t.onClose))
}

/** Where toasts appear. Once, in the shell. */
export function Toaster() {
  const toasts = useSyncExternalStore(subscribe, () => shown)
  useEffect(() => {
    window.addEventListener('pagehide', settle)
    return () => window.removeEventListener('pagehide', settle)
  }, [])
  return createPortal(
    // What scrolls cuts shadows off at its edge: so that is further out.
    <section
      aria-label="Messages"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-[calc(2.25rem+env(safe-area-inset-bottom))] z-60 flex max-h-[calc(100dvh-5rem)] flex-col-reverse items-center gap-2 overflow-y-auto overscroll-contain px-2 py-8 desk:inset-x-auto desk:-bottom-3 desk:left-[calc(50%+7.5rem)] desk:w-[32rem] desk:-translate-x-1/2 desk:px-8"
    >
      {toasts.toReversed().map((t) => <Toast key={t.id} one={t} />)}
    </section>,
    document.body,
  )
}

function Toast({ one }: { one: Shown }) {
  const { id, text, detail, tone = 'plain', icon, action, below } = one
  const [pointed, setPointed] = useState(false)
  const [focused, setFocused] = useState(false)
  const kept = pointed || focused
  useEffect(() => (kept ? hold(one) : undefined), [kept, one])
  const holders = { onPointerEnter: () => setPointed(true), onPointerLeave: () => setPointed(false), onFocus: () => setFocused(true), onBlur: () => setFocused(false) }
  return (
    <div
      {...holders}
      role={tone === 'danger' ? 'alert' : 'status'}
      className={cx(
        'pointer-events-auto flex w-full max-w-md animate-lift items-center gap-3 rounded-lg border bg-raised py-2 pr-2 pl-4 text-sm shadow-message',
        tone === 'danger' ? 'border-danger' : tone === 'reminder' ? 'border-accent' : 'border-line',
      )}
    >
      {icon && <span className="shrink-0 text-accent [&>svg]:size-4.5">{icon}</span>}
      <div className="user-text min-w-0 flex-1 py-1">
        <div className="line-clamp-2 font-medium">{text}</div>
        {detail && <div className="line-clamp-3 text-ink-2">{detail}</div>}
        {below && <div className="mt-2">{below}</div>}
      </div>
      {action && (
        <Button
          size="sm"
          look="quiet"
          className="font-semibold !text-accent"
          onClick={() => {
            change(shown.filter((t) => t !== one), one)
            action.run()
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton label="Close message" size="sm" onClick={() => dismiss(id)}><X className="size-4" /></IconButton>
    </div>
  )
}
