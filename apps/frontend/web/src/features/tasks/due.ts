import type { Task } from '@/api'
import { wireTime } from '@/store/fields'
import { dayOf, dayText as dayWords, instantOf, isZone, localOf, partsOf, startOfDay, timeText, type Day, type Local } from '@/time'

// The API has one field for when a task is due, an instant. A task that is due on a day, at no time of it,
// is due at the first instant of that day in the task's own zone, which is also how the API takes a bare date.

export type Time = { hour: number; minute: number }
export type Due = {
  day: Day
  time?: Time
  /** Which instant is meant, where the clock of the zone shows the time twice and it is not the first. */
  at?: number
}

/** What a due date means to a person in the zone: a day is the same day everywhere, a time is theirs. */
export function dueOf(task: Pick<Task, 'dueDate' | 'timeZone'>, zone: string): Due | undefined {
  if (!task.dueDate) return undefined
  const ms = Date.parse(task.dueDate)
  const own = isZoneKnown(task.timeZone) ? task.timeZone : 'UTC'
  const there = localOf(ms, own)
  if (isStartOfDay(ms, there, own)) return { day: dayText(there) }
  const here = own === zone ? there : localOf(ms, zone)
  return { day: dayText(here), time: { hour: here.hour, minute: here.minute } }
}

/** Midnight, or where the clocks jump over midnight what comes after it; asked of thousands of tasks at once. */
function isStartOfDay(ms: number, local: Local, zone: string): boolean {
  return local.hour < 4 && (local.hour > 0 || local.minute + local.second === 0) && (local.hour === 0 || local.minute % 15 === 0) && startOfDay(dayText(local), zone) === ms
}

function dayText({ year, month, day }: Local): Day {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

const known = new Map<string, boolean>()

function isZoneKnown(zone: string): boolean {
  let is = known.get(zone)
  if (is === undefined) {
    is = isZone(zone)
    known.set(zone, is)
  }
  return is
}

/** The instant of a due date that was chosen in the zone, which then is the task's. */
export function dueInstant(due: Due, zone: string): number {
  if (due.at !== undefined) return due.at
  return due.time ? instantOf({ ...partsOf(due.day), ...due.time }, zone) : startOfDay(due.day, zone)
}

export function dueDate(due: Due, zone: string): string {
  return wireTime(dueInstant(due, zone))
}

/** It is over: the time has passed, or the day has. */
export function isOverdue(task: Task, due: Due | undefined, today: Day, now: number): boolean {
  if (!due || task.completed) return false
  return due.time ? Date.parse(task.dueDate ?? '') < now : due.day < today
}

export function dueText(due: Due, today: Day): string {
  const day = dayWords(due.day, today)
  return due.time ? `${day}, ${clockText(due.time)}` : day
}

export function clockText({ hour, minute }: Time): string {
  return timeText(Date.UTC(2023, 0, 1, hour, minute), 'UTC')
}

/** The last day of a recurrence, undefined without one: a whole day at midnight of UTC or of the task's zone. */
export function endDayOf({ recurringEndDate, timeZone }: Pick<Task, 'recurringEndDate' | 'timeZone'>): Day | undefined {
  if (!recurringEndDate) return undefined
  const ms = Date.parse(recurringEndDate)
  return dayOf(ms, ms % 86_400_000 === 0 || !isZoneKnown(timeZone) ? 'UTC' : timeZone)
}
