import { dueOf, dueText } from '@/features/tasks/due'
import { dayOf } from '@/time'

/** What a reminder says of the due date: a day is that of the task's own zone, a time that of the person's. */
export function dueWords(dueDate: string | null, timeZone: string, zone: string, now: number): string | undefined {
  const due = dueOf({ dueDate, timeZone }, zone)
  return due && `Due ${dueText(due, dayOf(now, zone)).replace(/^(Today|Tomorrow|Yesterday)/, (word) => word.toLowerCase())}`
}
