import type { Notification } from '@/api'
import type { ReminderDue } from '@/live'

/** The list with what the stream tells, newest first; what is there already stays as it is. */
export function arrived(list: Notification[], { data, user_id, timestamp }: ReminderDue): Notification[] {
  if (list.some((n) => n.id === data.notification_id)) return list
  return [{ id: data.notification_id, userId: user_id, message: data.message, taskId: data.task_id, type: 'reminder', read: false, createdAt: timestamp }, ...list]
}

/** "99+" where the API gives no more. */
export function countText(count: number, most: number): string {
  return count >= most ? `${most - 1}+` : String(count)
}

/** What a reminder is about: the message without what every reminder begins with. */
export function subjectOf(message: string): string {
  return message.replace(/^Reminder: /, '')
}
