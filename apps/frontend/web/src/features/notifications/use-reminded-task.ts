import { useNavigate } from '@tanstack/react-router'
import { useScope } from '@/app/scope'
import { useZone } from '@/app/preferences'
import { useTasks } from '@/features/tasks/use-tasks'
import { wireTime, type Row } from '@/store'
import { dayOf, dayText, now, timeText } from '@/time'
import { toast } from '@/ui'
import { useNotificationChanges } from './use-notifications'

/** What can be done about a reminder. A task that is gone leaves nothing but the notification. */
export function useRemindedTask(taskId: string, notificationId: string) {
  const { tasks } = useScope()
  const zone = useZone()
  const navigate = useNavigate()
  const { rows } = useTasks()
  const { read } = useNotificationChanges()
  const row: Row | undefined = rows.find((r) => r.task.id === taskId)
  return {
    row,
    open() {
      read(notificationId)
      void navigate({ to: row?.task.completed ? '/completed' : '/tasks', search: { task: row?.key ?? taskId } })
    },
    complete() {
      if (!row) return
      tasks.complete(row.key, true)
      read(notificationId)
    },
    snooze(at: number) {
      if (!row) return
      tasks.update(row.key, { reminderAt: wireTime(at) })
      read(notificationId)
      toast({ text: 'Snoozed.', detail: `You are reminded again: ${dayText(dayOf(at, zone), dayOf(now(), zone))}, ${timeText(at, zone)}.` })
    },
  }
}
