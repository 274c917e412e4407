import { useVirtualizer } from '@tanstack/react-virtual'
import { Activity, ArrowUp, X } from 'lucide-react'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { usePreferences } from '@/app/preferences'
import { Button, EmptyState, ErrorNote, IconButton, ScreenHeader, SelectField, Skeleton, useTitle } from '@/ui'
import { EventRow } from './event-row'
import { useActivity } from './use-activity'
import { TOPICS } from './words'

/** So near to the top new events are shown; further down they wait, so that what is read stays where it is. */
const TOP_PX = 40

/** The person's own stream, live: what every device and every service makes of it. */
export function ActivityScreen() {
  useTitle('Activity')
  const { timeZone } = usePreferences()
  const { log, events, older, loading, error } = useActivity()
  const [topic, setTopic] = useState('')
  const [correlation, setCorrelation] = useState<string>()
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set())
  const [frozenAt, setFrozenAt] = useState<number>()
  const scroller = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLDivElement>(null)

  const head = events[0]?.position ?? 0
  const shown = events.filter((e) => (frozenAt === undefined || e.position <= frozenAt) && (topic === '' || e.topic === topic) && (correlation === undefined || e.correlationId === correlation))
  const waiting = frozenAt === undefined ? 0 : head - frozenAt
  const filtered = topic !== '' || correlation !== undefined

  const [margin, setMargin] = useState(0)
  // What stands above the list changes its height with the filter and with errors.
  useLayoutEffect(() => setMargin(list.current?.offsetTop ?? 0), [correlation, error, loading, topic, timeZone])
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing of it is memoized here
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 62,
    getItemKey: (index) => shown[index]?.position ?? index,
    overscan: 8,
    scrollMargin: margin,
  })
  const items = rows.getVirtualItems()
  const atEnd = shown.length > 0 && items.at(-1)?.index === shown.length - 1
  useEffect(() => {
    if (atEnd && older && !filtered) void log.loadOlder()
  }, [atEnd, older, filtered, log, shown.length])

  function toggle(position: number): void {
    setOpen((before) => {
      const next = new Set(before)
      if (!next.delete(position)) next.add(position)
      return next
    })
  }
  return (
    <div
      ref={scroller}
      className="relative min-h-0 flex-1 overflow-y-auto"
      onScroll={({ currentTarget: { scrollTop } }) => setFrozenAt((before) => (scrollTop <= TOP_PX ? undefined : before ?? head))}
    >
      {waiting > 0 && (
        <div className="sticky top-2 z-10 flex h-0 justify-center">
          <Button look="primary" size="sm" className="rounded-full shadow-over" onClick={() => { setFrozenAt(undefined); rows.scrollToOffset(0) }}>
            <ArrowUp aria-hidden="true" className="size-3.5" />{waiting === 1 ? '1 new event' : `${waiting} new events`}
          </Button>
        </div>
      )}
      <div className="mx-auto flex w-full max-w-4xl flex-col px-4 pt-5 pb-24 sm:px-8 desk:pt-2 desk:pb-12">
        <ScreenHeader
          title="Activity"
          subtitle="Every change is an event at the next position of your stream. Here they are as they come, on all devices."
          actions={<SelectField label="Topic" hideLabel value={topic} onChange={(e) => setTopic(e.target.value)} options={[{ value: '', label: 'All topics' }, ...TOPICS]} />}
        />
        {correlation !== undefined && (
          <p className="mb-3 flex items-center gap-2 rounded-md bg-accent-soft py-1 pr-1 pl-3 text-sm">
            <span className="min-w-0 flex-1 truncate">Everything that one request caused: <span className="font-mono text-xs">{correlation}</span></span>
            <IconButton label="Show all events" size="sm" onClick={() => setCorrelation(undefined)}><X aria-hidden="true" className="size-4" /></IconButton>
          </p>
        )}
        {error !== undefined && <div className="mb-3"><ErrorNote error={error} retry={() => void log.retry()} /></div>}
        {loading === 'first' && events.length === 0 && <Skeleton />}
        {loading === undefined && error === undefined && events.length === 0 && (
          <EmptyState icon={<Activity />} title="Nothing has happened yet">Add a task, here or on another device: it shows here the moment it is stored.</EmptyState>
        )}
        <p role="status" className="sr-only">{events.length > 0 ? `The stream is at position ${head}.` : ''}</p>
        <div ref={list} role="list" aria-label="Events, newest first" className="relative" style={{ height: rows.getTotalSize() }}>
          {items.map((item) => {
            const event = shown[item.index]
            return event && (
              <div
                key={item.key} data-index={item.index} ref={rows.measureElement} role="listitem" aria-setsize={older ? -1 : shown.length} aria-posinset={item.index + 1}
                className="absolute inset-x-0 top-0 pb-1.5" style={{ transform: `translateY(${item.start - margin}px)` }}
              >
                <EventRow event={event} zone={timeZone} open={open.has(event.position)} onToggle={() => toggle(event.position)} onCorrelation={setCorrelation} />
              </div>
            )
          })}
        </div>
        {filtered && shown.length === 0 && events.length > 0 && <p className="py-6 text-center text-sm text-ink-2">None of the {events.length} newest events matches.</p>}
        {older && filtered && <Button className="mt-3 self-center" busy={loading === 'older'} onClick={() => void log.loadOlder()}>Look in older events</Button>}
        {older && !filtered && loading === 'older' && <p className="py-4 text-center text-sm text-ink-3">Loading older events…</p>}
        {!older && events.length > 0 && <p className="py-4 text-center text-xs text-ink-3">This is the oldest event that is kept.</p>}
      </div>
    </div>
  )
}
