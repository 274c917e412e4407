import { Link } from '@tanstack/react-router'
import { AlarmClock, ChevronRight, CircleCheckBig, Copy, Dot, Filter, History, Pencil, Plus, Trash2, type LucideIcon } from 'lucide-react'
import { memo } from 'react'
import type { StreamEvent } from '@/api'
import { format, momentText } from '@/time'
import { Button, cx, toast } from '@/ui'
import { summary } from './words'

const looks: Record<string, [LucideIcon, string]> = {
  'task-created': [Plus, 'text-accent'],
  'task-updated': [Pencil, 'text-ink-2'],
  'task-completed': [CircleCheckBig, 'text-ok'],
  'task-deleted': [Trash2, 'text-danger'],
  'reminder-due': [AlarmClock, 'text-warn'],
}

type Props = { event: StreamEvent; zone: string; open: boolean; onToggle(): void; onCorrelation(id: string): void }

/** One event; open, all that the API says of it. */
export const EventRow = memo(function EventRow({ event, zone, open, onToggle, onCorrelation }: Props) {
  const [Icon, colour] = looks[event.topic] ?? [Dot, 'text-ink-2']
  const { verb, title } = summary(event)
  const at = Date.parse(event.time)
  return (
    <article className={cx('rounded-lg border bg-surface', open ? 'border-line-strong' : 'border-line')}>
      <button type="button" aria-expanded={open} onClick={onToggle} className="flex w-full items-center gap-3 rounded-lg px-3 py-2 text-left hover:bg-sunken/60 touch:min-h-14">
        <ChevronRight aria-hidden="true" className={cx('size-4 shrink-0 text-ink-3 transition-transform duration-100', open && 'rotate-90')} />
        <Icon aria-hidden="true" className={cx('size-4.5 shrink-0', colour)} />
        <span className="min-w-0 flex-1">
          <span className="user-text line-clamp-1 text-sm"><span className="text-ink-2">{verb}{title && ': '}</span><span className="font-medium">{title}</span></span>
          <span className="num flex gap-x-3 text-xs text-ink-3">
            <span><span className="sr-only">position </span>#{event.position}</span>
            <span>{event.topic}</span>
            <span className="hidden min-w-0 truncate font-mono sm:inline">{event.correlationId}</span>
          </span>
        </span>
        <time dateTime={event.time} title={momentText(at, zone)} className="num shrink-0 text-right text-xs text-ink-3">
          <span className="hidden sm:inline">{format(at, zone, { day: 'numeric', month: 'short' })}, </span>{format(at, zone, { hour: 'numeric', minute: '2-digit', second: '2-digit' })}
        </time>
      </button>
      {open && <Details event={event} zone={zone} onCorrelation={onCorrelation} />}
    </article>
  )
})

function Details({ event, zone, onCorrelation }: Pick<Props, 'event' | 'zone' | 'onCorrelation'>) {
  const json = JSON.stringify(event, null, 2)
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(json)
      toast({ text: 'Copied.' })
    } catch {
      toast({ tone: 'danger', text: 'This browser did not let the page copy.', detail: 'Select the text below and copy it yourself.' })
    }
  }
  return (
    <div className="border-t border-line px-3 py-3">
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-xs [overflow-wrap:anywhere] [&>dd]:font-mono [&>dt]:text-ink-3">
        <dt>Type</dt><dd>{event.type}</dd>
        <dt>Published by</dt><dd>{event.source}</dd>
        <dt>Event</dt><dd>{event.eventId}</dd>
        <dt>Correlation</dt><dd>{event.correlationId}</dd>
        <dt>At</dt><dd>{momentText(Date.parse(event.time), zone)} ({zone})</dd>
      </dl>
      <div className="mt-3 flex flex-wrap gap-1.5">
        <Button size="sm" onClick={() => onCorrelation(event.correlationId)}><Filter aria-hidden="true" className="size-3.5" />What this request caused</Button>
        {event.taskId && (
          <Link to="/tasks/$taskId/history" params={{ taskId: event.taskId }} className="inline-flex h-7 items-center gap-2 rounded-md border border-line bg-surface px-2.5 text-xs font-medium hover:bg-sunken touch:h-9">
            <History aria-hidden="true" className="size-3.5" />History of the task
          </Link>
        )}
        <Button size="sm" onClick={() => void copy()}><Copy aria-hidden="true" className="size-3.5" />Copy JSON</Button>
      </div>
      <pre tabIndex={0} aria-label="The event as JSON" className="mt-3 max-h-96 overflow-auto rounded-md bg-sunken p-3 font-mono text-xs whitespace-pre-wrap text-ink-2 [overflow-wrap:anywhere]">{json}</pre>
    </div>
  )
}
