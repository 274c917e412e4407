import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual'
import { useCallback, useImperativeHandle, useLayoutEffect, useRef, useState, type Ref } from 'react'
import type { Day } from '@/time'
import { cx } from '@/ui'
import type { Item } from './list-model'
import { TaskRow, type RowHandlers } from './task-row'

export type ListHandle = {
  /** Moves the focus to a neighbour of the row that has it. */
  move(by: 1 | -1): void
  /** The key of the row with the focus, or of the one that had it last. */
  current(): string | undefined
  /** Focuses the row, or where it is gone the one in its place. Whether there is one. */
  focus(key: string): boolean
}

type Props = { items: Item[]; today: Day; open: string | undefined; editing: string | undefined; on: RowHandlers; label: string; ref: Ref<ListHandle> }

/**
 * The rows of a list, of which only those in sight are there. What changes above does not move what is
 * looked at; the row with the focus stays, and hands it to its neighbour when it goes.
 */
export function TaskList({ items, today, open, editing, on, label, ref }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const current = useRef<{ key: string; index: number } | undefined>(undefined)
  /** Whether the focus is in a row. A row that goes takes it away without a word. */
  const focused = useRef(false)
  const wanted = useRef<string | undefined>(undefined)
  const [kept, setKept] = useState<string | undefined>()
  const keptIndex = kept === undefined ? -1 : items.findIndex((item) => item.key === kept)

  const rangeExtractor = useCallback(
    (range: Range) => {
      const seen = defaultRangeExtractor(range)
      return keptIndex < 0 || seen.includes(keptIndex) ? seen : [...seen, keptIndex].sort((a, b) => a - b)
    },
    [keptIndex],
  )
  // eslint-disable-next-line react-hooks/incompatible-library -- the page is not compiled
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (items[index]?.kind === 'header' ? 48 : window.innerWidth < 640 ? 60 : 42),
    getItemKey: (index) => items[index]?.key ?? index,
    overscan: 10,
    // On a phone a button floats above the end of the list.
    scrollPaddingEnd: window.innerWidth < 896 ? 88 : 16,
    rangeExtractor,
  })
  // First what is shown: it is what brings the measurements up to the items of this time.
  const shown = virtual.getVirtualItems()
  useStillness(scroller, items, virtual.measurementsCache)

  const focusRow = useCallback((key: string) => {
    const button = scroller.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"] [data-title]`)
    button?.focus({ preventScroll: true })
    return button !== null && button !== undefined
  }, [])

  const go = useCallback(
    (index: number) => {
      const item = items[index]
      if (item?.kind !== 'task') return
      current.current = { key: item.key, index }
      setKept(item.key)
      virtual.scrollToIndex(index, { align: 'auto' })
      if (!focusRow(item.key)) wanted.current = item.key
    },
    [items, virtual, focusRow],
  )

  useLayoutEffect(() => {
    if (wanted.current && focusRow(wanted.current)) wanted.current = undefined
  })

  // The row that had the focus is gone: its neighbour gets it, so that keys go on where they were.
  useLayoutEffect(() => {
    const had = current.current
    if (!had) return
    const index = items.findIndex((item) => item.key === had.key)
    if (index >= 0) current.current = { key: had.key, index }
    else if (focused.current && document.activeElement === document.body) {
      const next = neighbour(items, had.index)
      if (next === undefined) current.current = undefined
      else go(next)
    }
  }, [items, go])

  useImperativeHandle(ref, () => ({
    current: () => current.current?.key,
    focus: (key) => {
      const index = items.findIndex((item) => item.key === key)
      const there = index >= 0 ? index : neighbour(items, current.current?.index ?? 0)
      if (there !== undefined) go(there)
      return there !== undefined
    },
    move: (by) => {
      const from = current.current ? items.findIndex((item) => item.key === current.current?.key) : -1
      let index = from < 0 && by < 0 ? items.length : from
      do index += by
      while (items[index]?.kind === 'header')
      // Behind the end it is the last one that has, or gets back, the focus.
      go(items[index] ? index : from)
    },
  }))

  return (
    <div
      ref={scroller}
      className="min-h-0 flex-1 overflow-y-auto overflow-x-hidden pb-24 desk:pb-10"
      style={{ overflowAnchor: 'none' }}
      onFocus={(event) => {
        const key = (event.target as Element).closest<HTMLElement>('[data-key]')?.dataset['key']
        if (!key) return
        current.current = { key, index: items.findIndex((item) => item.key === key) }
        focused.current = true
        setKept(key)
      }}
      onBlur={({ relatedTarget }) => {
        // Nothing says this of a row that is removed.
        if (!scroller.current?.contains(relatedTarget)) focused.current = false
      }}
    >
      <ul aria-label={label} className="relative mx-auto w-full max-w-4xl" style={{ height: virtual.getTotalSize() }}>
        {shown.map(({ index, key, start }) => {
          const item = items[index]
          if (!item) return null
          return (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              className="absolute inset-x-0 top-0 px-3 sm:px-6"
              style={{ transform: `translateY(${start}px)` }}
            >
              {item.kind === 'header' ? (
                <h2 className={cx('flex items-baseline gap-2 px-1 pt-5 pb-1.5 text-sm font-semibold sm:px-2', item.tone === 'danger' && 'text-danger')}>
                  {item.title}
                  <span className="num text-xs font-normal text-ink-3">{item.count}</span>
                </h2>
              ) : (
                <TaskRow row={item.row} due={item.due} overdue={item.overdue} today={today} withDay={item.withDay} open={open === item.key} editing={editing === item.key} on={on} />
              )}
            </li>
          )
        })}
      </ul>
    </div>
  )
}

/** The task at a place that another one left, else the one after or before it. */
function neighbour(items: Item[], index: number): number | undefined {
  return [index, index + 1, index - 1, index - 2].find((i) => items[i]?.kind === 'task')
}

type Measured = { start: number; end: number }[]

/** Keeps what is looked at in its place when rows come and go above it. At the top, news is let in. */
function useStillness(scroller: React.RefObject<HTMLDivElement | null>, items: Item[], measured: Measured): void {
  const before = useRef({ items, measured })
  useLayoutEffect(() => {
    const had = before.current
    before.current = { items, measured }
    const element = scroller.current
    if (!element || had.items === items || element.scrollTop <= 8) return
    const places = new Map(items.map((item, index) => [item.key, index]))
    for (let index = had.measured.findIndex((m) => m.end > element.scrollTop); index >= 0 && index < had.items.length; index++) {
      const [old, place] = [had.measured[index], places.get(had.items[index]?.key ?? '')]
      const start = place === undefined ? undefined : measured[place]?.start
      if (!old || start === undefined) continue
      element.scrollBy({ top: start - old.start, behavior: 'instant' })
      return
    }
  })
}
