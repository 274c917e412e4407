import { cloneElement, useEffect, useLayoutEffect, useRef, useState, type ReactElement, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { Kbd } from './kbd'

// One tooltip for the whole page: what has one says so by an attribute, so that a thousand buttons in a list
// cost nothing.

const WAIT_MS = 400

/** For a mouse and a keyboard; what it says must also be the name or the description of what it is on. */
export function Tooltip({ label, keys, children }: { label: string; keys?: string; children: ReactElement }) {
  return cloneElement(children as ReactElement<Record<string, unknown>>, { 'data-tip': label, 'data-tip-keys': keys })
}

type Shown = { label: string; keys: string | undefined; at: DOMRect }

/** Once, around the page. */
export function TooltipProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Shown>()
  useEffect(() => listen(setShown), [])
  return (
    <>
      {children}
      {shown && createPortal(<Bubble {...shown} />, document.body)}
    </>
  )
}

function listen(show: (shown: Shown | undefined) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let current: Element | undefined
  const hide = () => {
    clearTimeout(timer)
    current = undefined
    show(undefined)
  }
  const consider = (target: EventTarget | null, wait: number) => {
    const element = target instanceof Element ? (target.closest('[data-tip]') ?? undefined) : undefined
    if (element === current) return
    hide()
    current = element
    if (!element) return
    timer = setTimeout(() => {
      if (element.isConnected && element.getAttribute('data-state') !== 'open') {
        show({ label: element.getAttribute('data-tip') ?? '', keys: element.getAttribute('data-tip-keys') ?? undefined, at: element.getBoundingClientRect() })
      }
    }, wait)
  }
  const over = (event: PointerEvent) => event.pointerType === 'mouse' && consider(event.target, WAIT_MS)
  const focus = (event: FocusEvent) => event.target instanceof Element && event.target.matches(':focus-visible') && consider(event.target, WAIT_MS)
  const key = (event: KeyboardEvent) => event.key !== 'Tab' && hide()
  document.addEventListener('pointerover', over)
  document.addEventListener('focusin', focus)
  const hiders = ['pointerdown', 'focusout', 'scroll', 'pointerleave'] as const
  for (const type of hiders) document.addEventListener(type, hide, { capture: true, passive: true })
  document.addEventListener('keydown', key, true)
  return () => {
    hide()
    document.removeEventListener('pointerover', over)
    document.removeEventListener('focusin', focus)
    for (const type of hiders) document.removeEventListener(type, hide, { capture: true })
    document.removeEventListener('keydown', key, true)
  }
}

const GAP = 6

function Bubble({ label, keys, at }: Shown) {
  const bubble = useRef<HTMLDivElement>(null)
  const [place, setPlace] = useState<{ left: number; top: number }>()
  useLayoutEffect(() => {
    const size = bubble.current?.getBoundingClientRect()
    if (!size) return
    const below = at.bottom + GAP
    setPlace({
      left: Math.min(Math.max(8, at.left + at.width / 2 - size.width / 2), Math.max(8, window.innerWidth - size.width - 8)),
      top: below + size.height < window.innerHeight - 8 ? below : at.top - GAP - size.height,
    })
  }, [at])
  return (
    <div
      ref={bubble}
      aria-hidden="true"
      style={place ?? { left: 0, top: 0, visibility: 'hidden' }}
      className="pointer-events-none fixed z-60 flex max-w-[min(20rem,calc(100vw-1rem))] animate-appear items-center gap-2 rounded-sm bg-ink px-2 py-1 text-xs text-bg shadow-raised"
    >
      {label}
      {keys && <Kbd keys={keys} inverted />}
    </div>
  )
}
