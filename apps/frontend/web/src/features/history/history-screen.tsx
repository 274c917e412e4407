import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { ArrowLeft, BellRing, CircleCheckBig, History, Pencil, Plus, Repeat, RotateCcw, Trash2, type LucideIcon } from 'lucide-react'
import type { AuditEntry } from '@/api'
import { useZone } from '@/app/preferences'
import { useUser } from '@/app/scope'
import { useTasks } from '@/features/tasks/use-tasks'
import { dayOf, dayText, momentText, timeText, useToday, type Day } from '@/time'
import { Button, cx, EmptyState, ErrorNote, Screen, Skeleton } from '@/ui'
import { tell, type Deed, type Told } from './sentences'
import { useHistory } from './use-history'

const route = getRouteApi('/app/tasks/$taskId/history')

const looks: Record<Told['kind'], [LucideIcon, string]> = {
  created: [Plus, 'bg-accent-soft text-accent'],
  repeated: [Repeat, 'bg-accent-soft text-accent'],
  updated: [Pencil, 'bg-sunken text-ink-2'],
  opened: [RotateCcw, 'bg-warn-soft text-warn'],
  sent: [BellRing, 'bg-sunken text-ink-2'],
  completed: [CircleCheckBig, 'bg-ok-soft text-ok'],
  deleted: [Trash2, 'bg-danger-soft text-danger'],
}

/** One task's whole life: who did what, and when. */
export function HistoryScreen() {
  const { taskId } = route.useParams()
  const { rows } = useTasks()
  const { entries, error, refetch, isPending, hasNextPage, fetchNextPage, isFetchingNextPage } = useHistory(taskId)
  const row = rows.find((r) => r.task.id === taskId)
  const title = row?.task.title ?? entries[0]?.data.title
  return (
    <Screen title={title ?? 'History'} subtitle={title ? 'Every change to this task, newest first.' : undefined} actions={<><Back />{row && <Link to={row.task.completed ? '/completed' : '/tasks'} search={{ task: row.key }} className="inline-flex h-9 items-center rounded-md border border-line bg-surface px-3.5 text-sm font-medium hover:bg-sunken touch:h-11">Open the task</Link>}</>}>
      {error && <div className="mb-3"><ErrorNote error={error} retry={() => void refetch()} /></div>}
      {isPending && !error && <Skeleton />}
      {!isPending && !error && entries.length === 0 && (
        <EmptyState icon={<History />} title="Nothing is known about this task">It may never have existed, or its first entry is still being written: that takes a moment.</EmptyState>
      )}
      <Timeline entries={entries} taskZone={row?.task.timeZone ?? zoneOf(entries)} />
      {hasNextPage && <Button className="self-center" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show older changes</Button>}
    </Screen>
  )
}

function Back() {
  const { history } = useRouter()
  return <Button look="quiet" onClick={() => history.back()}><ArrowLeft aria-hidden="true" className="size-4" />Back</Button>
}

/** Of a task that is gone: as the trail knows it. */
function zoneOf(entries: AuditEntry[]): string {
  for (const { data } of entries) {
    const zone = ((data.new ?? data.old) as { time_zone?: unknown } | null)?.time_zone
    if (typeof zone === 'string') return zone
  }
  return 'UTC'
}

function Timeline({ entries, taskZone }: { entries: AuditEntry[]; taskZone: string }) {
  const zone = useZone()
  const today = useToday(zone)
  const reader = useUser().id
  const days = new Map<Day, AuditEntry[]>()
  for (const entry of entries) {
    const day = dayOf(Date.parse(entry.timestamp), zone)
    days.set(day, [...(days.get(day) ?? []), entry])
  }
  return (
    <div aria-live="polite" aria-relevant="additions">
      {[...days].map(([day, list]) => (
        <section key={day} className="mb-6">
          <h2 className="mb-3 text-sm font-semibold text-ink-2">{dayText(day, today)}</h2>
          <ol className="relative">
            {list.map((entry, index) => (
              <Moment key={entry.id} entry={entry} told={tell(entry, { reader, zone, taskZone, today })} zone={zone} last={index === list.length - 1} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  )
}

function Moment({ entry, told, zone, last }: { entry: AuditEntry; told: Told; zone: string; last: boolean }) {
  const [Icon, look] = looks[told.kind]
  const at = Date.parse(entry.timestamp)
  const previous = told.kind === 'repeated' ? (entry.data.new as { previous_task_id?: string } | null)?.previous_task_id : undefined
  return (
    <li className="relative flex gap-3 pb-5">
      {!last && <span aria-hidden="true" className="absolute top-9 bottom-1 left-4 w-px bg-line" />}
      <span aria-hidden="true" className={cx('flex size-8 shrink-0 items-center justify-center rounded-full', look)}><Icon className="size-4" /></span>
      <div className="min-w-0 flex-1 pt-1">
        {told.deeds.map((deed, index) => <DeedText key={index} deed={deed} first={index === 0} />)}
        {previous && (
          <Link to="/tasks/$taskId/history" params={{ taskId: previous }} className="text-sm text-accent underline underline-offset-2">History of the one before</Link>
        )}
        <details className="mt-1 text-xs text-ink-3">
          <summary className="inline-block rounded-sm hover:text-ink-2"><time dateTime={entry.timestamp} title={momentText(at, zone)} className="num">{timeText(at, zone)}</time> · details</summary>
          <dl className="mt-2 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 [overflow-wrap:anywhere]">
            <dt>At</dt><dd className="num">{momentText(at, zone)} ({zone})</dd>
            <dt>By</dt><dd>{entry.userId}</dd>
            <dt>Event</dt><dd className="font-mono">{entry.id}</dd>
          </dl>
          <pre className="mt-2 max-h-72 overflow-auto rounded-md bg-sunken p-3 font-mono whitespace-pre-wrap text-ink-2 [overflow-wrap:anywhere]" tabIndex={0}>{JSON.stringify(entry.data, null, 2)}</pre>
        </details>
      </div>
    </li>
  )
}

function DeedText({ deed, first }: { deed: Deed; first: boolean }) {
  return (
    <>
      <p className={cx('user-text', first ? 'text-base' : 'text-sm text-ink-2')}>{deed.text}</p>
      {deed.before !== undefined && <del className="user-text my-1 block rounded-md bg-danger-soft px-2.5 py-1.5 text-sm whitespace-pre-wrap text-ink-2 decoration-danger/50">{deed.before}</del>}
      {deed.after !== undefined && <ins className="user-text my-1 block rounded-md bg-ok-soft px-2.5 py-1.5 text-sm whitespace-pre-wrap no-underline">{deed.after}</ins>}
    </>
  )
}
