import { Link } from '@tanstack/react-router'
import { AlarmClock, Bell, Check, CheckCheck, History, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { Notification } from '@/api'
import { useZone } from '@/app/preferences'
import { agoText, dayOf, dayText, momentText, useNow, useToday, type Day } from '@/time'
import { Button, cx, EmptyState, ErrorNote, IconButton, Screen, Segmented, Skeleton, useRemoval } from '@/ui'
import { countText, subjectOf } from './changes'
import { ReminderActions } from './reminder-actions'
import { MOST, useNotificationChanges, useNotifications, useUnread } from './use-notifications'

type Which = 'all' | 'unread'

/** Everything that the person was told, newest first. */
export function NotificationsScreen() {
  const [which, setWhich] = useState<Which>('all')
  const everything = useNotifications()
  const unread = useUnread()
  const { data, error, refetch } = which === 'all' ? everything : unread
  const { readAll } = useNotificationChanges()
  const count = unread.data?.length ?? 0
  return (
    <Screen
      title="Notifications"
      subtitle={<span role="status">{unread.data && (count === 0 ? 'You have read everything.' : `${countText(count, MOST)} unread`)}</span>}
      actions={<Button disabled={count === 0} onClick={readAll}><CheckCheck aria-hidden="true" className="size-4" />Read all</Button>}
    >
      <Segmented<Which> label="Which notifications" className="mb-3 self-start" value={which} onChange={setWhich} options={[{ value: 'all', label: 'All' }, { value: 'unread', label: 'Unread' }]} />
      {error && <div className="mb-3"><ErrorNote error={error} retry={() => void refetch()} /></div>}
      {!data && !error && <Skeleton />}
      {data && data.length === 0 && (which === 'all' ? <Nothing /> : <EmptyState icon={<Bell />} title="Nothing unread">The next one shows here at once.</EmptyState>)}
      {data && data.length > 0 && <List notifications={data} />}
      {data && data.length >= MOST && <p className="mt-4 text-center text-xs text-ink-3">These are the newest {MOST}. Delete some to see older ones.</p>}
    </Screen>
  )
}

function Nothing() {
  return (
    <EmptyState icon={<AlarmClock />} title="No notifications yet" action={<Link to="/tasks" className="font-medium text-accent underline underline-offset-2">Go to your tasks</Link>}>
      Set a reminder on a task. When it is due it shows here, on every device at once.
    </EmptyState>
  )
}

function List({ notifications }: { notifications: Notification[] }) {
  const zone = useZone()
  const today = useToday(zone)
  const { group, leaving } = useRemoval<HTMLDivElement>(() => document.getElementById('main'), '[data-delete]')
  const days = new Map<Day, Notification[]>()
  for (const n of notifications) {
    const day = dayOf(Date.parse(n.createdAt), zone)
    days.set(day, [...(days.get(day) ?? []), n])
  }
  return <div ref={group}>{[...days].map(([day, list]) => (
    <section key={day} className="mb-5">
      <h2 className="mb-1.5 text-sm font-semibold text-ink-2">{dayText(day, today)}</h2>
      <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface">
        {list.map((n) => <Item key={n.id} notification={n} zone={zone} leaving={leaving} />)}
      </ul>
    </section>
  ))}</div>
}

function Item({ notification: n, zone, leaving }: { notification: Notification; zone: string; leaving(button: Element): void }) {
  const { read, remove } = useNotificationChanges()
  const at = Date.parse(n.createdAt)
  return (
    <li className="flex flex-wrap items-start gap-x-3 px-3 py-3 sm:px-4">
      <span aria-hidden="true" className={cx('mt-2 size-2 shrink-0 rounded-full', n.read ? 'bg-transparent' : 'bg-accent')} />
      <div className="min-w-0 flex-1 basis-40">
        <p className={cx('user-text text-base', n.read ? 'text-ink-2' : 'font-medium')}>
          {!n.read && <span className="sr-only">Unread: </span>}{subjectOf(n.message)}
        </p>
        <p className="mt-0.5 text-xs text-ink-3"><Ago at={at} zone={zone} /></p>
      </div>
      <div className="flex shrink-0">
        {!n.read && <IconButton label="Mark as read" onClick={(event) => { nextFocus(event.currentTarget); read(n.id) }}><Check aria-hidden="true" className="size-4" /></IconButton>}
        <Link
          to="/tasks/$taskId/history" params={{ taskId: n.taskId }} aria-label={`History of ${subjectOf(n.message)}`} title="History of the task"
          className="hidden size-9 items-center justify-center rounded-md text-ink-2 hover:bg-sunken hover:text-ink sm:inline-flex touch:size-11"
        >
          <History aria-hidden="true" className="size-4" />
        </Link>
        <IconButton label="Delete" data-delete onClick={(event) => { leaving(event.currentTarget); remove(n.id) }}><Trash2 aria-hidden="true" className="size-4" /></IconButton>
      </div>
      <div className="w-full pt-1 pl-5 empty:hidden"><ReminderActions taskId={n.taskId} notificationId={n.id} /></div>
    </li>
  )
}

/** The button goes when it was pressed: the focus goes on to the next one. */
function nextFocus(button: HTMLElement): void {
  if (document.activeElement === button) button.parentElement?.querySelector<HTMLElement>('[data-delete]')?.focus()
}

function Ago({ at, zone }: { at: number; zone: string }) {
  const now = useNow()
  return <time dateTime={new Date(at).toISOString()} title={momentText(at, zone)}>{agoText(at, zone, now)}</time>
}
