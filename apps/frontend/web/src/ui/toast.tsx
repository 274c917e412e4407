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
  onClose?(): void
}

type Shown = ToastOptions & { id: string }

let shown: Shown[] = []
let next = 0
const listeners = new Set<() => void>()

function change(toasts: Shown[]): void {
  shown = toasts
  for (const listener of listeners) listener()
}

/** Shows a toast, and returns its id. */
export function toast(options: ToastOptions): string {
  const id = options.id ?? `toast-${++next}`
  change([...shown.filter((t) => t.id !== id), { ...options, id }].slice(-4))
  return id
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

/** Where toasts appear. Once, in the shell. */
export function Toaster() {
  const toasts = useSyncExternalStore(subscribe, () => shown)
  return createPortal(
    <section
      aria-label="Messages"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-2 bottom-[calc(4.25rem+env(safe-area-inset-bottom))] z-60 flex flex-col items-center gap-2 desk:inset-x-auto desk:bottom-5 desk:left-[calc(50%+7.5rem)] desk:-translate-x-1/2"
    >
      {toasts.map((t) => <Toast key={t.id} {...t} />)}
    </section>,
    document.body,
  )
}

function Toast({ id, text, detail, tone = 'plain', icon, action, below, forMs = 6000, onClose }: Shown) {
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (held || forMs === 0) return
    const timer = setTimeout(() => {
      dismiss(id)
      onClose?.()
    }, forMs)
    return () => clearTimeout(timer)
  }, [held, forMs, id, onClose])
  const hold = { onMouseEnter: () => setHeld(true), onMouseLeave: () => setHeld(false), onFocus: () => setHeld(true), onBlur: () => setHeld(false) }
  return (
    <div
      {...hold}
      role={tone === 'danger' ? 'alert' : 'status'}
      className={cx(
        'pointer-events-auto flex w-full max-w-md animate-lift items-center gap-3 rounded-lg border bg-raised py-2 pr-2 pl-4 text-sm shadow-over',
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
            dismiss(id)
            action.run()
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton
        label="Close message"
        size="sm"
        onClick={() => {
          dismiss(id)
          onClose?.()
        }}
      >
        <X className="size-4" />
      </IconButton>
    </div>
  )
}
