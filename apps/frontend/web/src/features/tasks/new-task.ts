import type { Category, NewTask } from '@/api'
import { wireTime } from '@/store/fields'
import { startOfDay } from '@/time'
import { dueDate, dueInstant, type Due } from './due'
import type { Reminder, Understood } from './understand'

export type Defaults = { due?: Due | undefined; category?: Category | undefined }

/** A reminder for what is due on a day, at no time of it, counts from this hour. */
export const MORNING = { hour: 9, minute: 0 }

/** The task that a line means, with what the list that it is typed in adds. */
export function newTask(u: Understood, zone: string, defaults: Defaults): NewTask {
  const due = u.due ?? (u.rule ? undefined : defaults.due)
  const reminderAt = u.reminder && reminderTime(u.reminder, due, zone)
  return {
    title: u.title,
    priority: u.priority ?? 'medium',
    category: u.category ?? defaults.category ?? 'other',
    timeZone: zone,
    ...(u.tags.length > 0 ? { tags: u.tags } : {}),
    ...(due ? { dueDate: dueDate(due, zone) } : {}),
    ...(u.rule ? { recurringRule: u.rule } : {}),
    ...(u.end ? { recurringEndDate: wireTime(startOfDay(u.end, zone)) } : {}),
    ...(reminderAt === undefined ? {} : { reminderAt: wireTime(reminderAt) }),
  }
}

export function reminderTime(reminder: Reminder, due: Due | undefined, zone: string): number | undefined {
  if ('at' in reminder) return dueInstant({ time: MORNING, ...reminder.at }, zone)
  return due && dueInstant({ time: MORNING, ...due }, zone) - reminder.before * 60_000
}
