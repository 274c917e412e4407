import { useNavigate } from '@tanstack/react-router'
import { AlarmClock } from 'lucide-react'
import { useCallback, useEffect, useRef } from 'react'
import { usePreferences } from '@/app/preferences'
import { useScope, useStream } from '@/app/scope'
import type { ReminderDue, StreamMessage } from '@/live'
import { now } from '@/time'
import { dismiss, standing, toast } from '@/ui'
import { subjectOf } from './changes'
import { Seen, showOutside } from './desktop'
import { dueWords } from './due-words'
import { ReminderActions } from './reminder-actions'

/** So many are shown one by one; more, after an absence or on a full day, as one. */
const ONE_BY_ONE = 3
const GATHER_MS = 150

/** Shows a reminder when it is due: a toast, and outside the page where the person is not looking at it. */
export function Reminders() {
  const { tasks } = useScope()
  const { timeZone } = usePreferences()
  const navigate = useNavigate()
  const waiting = useRef<ReminderDue[]>([])
  /** How many the one stands for that is shown in place of many. */
  const gathered = useRef(0)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const seen = useRef<Seen>(undefined)

  const show = useCallback(() => {
    const due = waiting.current
    waiting.current = []
    const alone = standing('reminder:')
    const many = gathered.current + alone.length + due.length
    if (gathered.current > 0 || many > ONE_BY_ONE) {
      for (const id of alone) dismiss(id)
      const over = () => (gathered.current = 0)
      toast({
        id: 'reminders', tone: 'reminder', icon: <AlarmClock />, forMs: 0, text: `${many} reminders are due.`, onClose: over,
        action: { label: 'Show', run: () => { over(); void navigate({ to: '/notifications' }) } },
      })
      gathered.current = many
    } else {
      const zones = new Map(tasks.snapshot().rows.map(({ task }) => [task.id, task.timeZone]))
      for (const reminder of due) showToast(reminder, zones.get(reminder.data.task_id) ?? timeZone, timeZone)
    }
    for (const reminder of due) void beyond(reminder, seen.current, () => void navigate({ to: '/tasks', search: { task: reminder.data.task_id } }))
  }, [navigate, tasks, timeZone])

  useEffect(() => {
    seen.current = new Seen()
    return () => {
      clearTimeout(timer.current)
      seen.current?.close()
    }
  }, [])
  useStream(useCallback((message: StreamMessage) => {
    if (message.type !== 'notification-created') return
    waiting.current.push(message)
    clearTimeout(timer.current)
    timer.current = setTimeout(show, GATHER_MS)
  }, [show]))
  return null
}

function showToast({ data }: ReminderDue, taskZone: string, zone: string): void {
  const id = `reminder:${data.notification_id}`
  toast({
    id, tone: 'reminder', icon: <AlarmClock />, forMs: 0,
    text: subjectOf(data.message),
    detail: dueWords(data.due_date, taskZone, zone, now()),
    below: <ReminderActions taskId={data.task_id} notificationId={data.notification_id} onDone={() => dismiss(id)} />,
  })
}

async function beyond({ data }: ReminderDue, seen: Seen | undefined, open: () => void): Promise<void> {
  if (document.visibilityState === 'visible') return seen?.tell(data.notification_id)
  if (await seen?.elsewhere(data.notification_id)) return
  await showOutside({ id: data.notification_id, title: subjectOf(data.message), body: 'Reminder', url: `/tasks?task=${data.task_id}` }, open)
}
