import { tzOffset } from '@date-fns/tz'

// Local time in a named zone. Conventions of core/recurrence: a local time that does not exist becomes the
// first instant after the gap, one that exists twice the first of the two.

export type Local = { year: number; month: number; day: number; hour: number; minute: number; second: number }

/** A calendar day, `2026-12-01`: it sorts as text, and is the same day everywhere. */
export type Day = string

const MINUTE = 60_000
const DAY = 86_400_000

/** The browser's own zone, or UTC where it has none that is known. */
export function browserZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return zone && isZone(zone) ? zone : 'UTC'
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** Minutes east of UTC at an instant; a zone that this browser does not know counts as UTC. */
export function offsetAt(ms: number, zone: string): number {
  const offset = tzOffset(zone, new Date(ms))
  return Number.isNaN(offset) ? 0 : offset
}

/** What a clock on the wall shows in the zone. */
export function localOf(ms: number, zone: string): Local {
  const d = new Date(ms + offsetAt(ms, zone) * MINUTE)
  return { year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate(), hour: d.getUTCHours(), minute: d.getUTCMinutes(), second: d.getUTCSeconds() }
}

/** The instant at which a clock on the wall shows this. Fields may overflow, as in Date.UTC. */
export function instantOf(local: Omit<Local, 'second'> & { second?: number }, zone: string): number {
  const wall = Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute, local.second ?? 0)
  const before = offsetAt(wall - DAY, zone)
  const after = offsetAt(wall + DAY, zone)
  // Of two instants that show this time the earlier one has the larger offset.
  const candidates = [...new Set([before, after])].sort((a, b) => b - a).map((offset) => wall - offset * MINUTE)
  const shown = candidates.find((ms) => ms + offsetAt(ms, zone) * MINUTE === wall)
  return shown ?? endOfGap(wall - Math.max(before, after) * MINUTE, wall - Math.min(before, after) * MINUTE, zone)
}

/** The instant in between at which the offset changes. */
function endOfGap(low: number, high: number, zone: string): number {
  const offset = offsetAt(low, zone)
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle, zone) === offset) low = middle
    else high = middle
  }
  return Math.floor(high / 1000) * 1000
}

/** The day that it is in the zone. */
export function dayOf(ms: number, zone: string): Day {
  return new Date(ms + offsetAt(ms, zone) * MINUTE).toISOString().slice(0, 10)
}

/** The first instant of the day in the zone: midnight, but where the clocks jump over it. */
export function startOfDay(day: Day, zone: string): number {
  return instantOf({ ...partsOf(day), hour: 0, minute: 0 }, zone)
}

export function partsOf(day: Day): { year: number; month: number; day: number } {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number)
  return { year, month, day: date }
}

export function addDays(day: Day, days: number): Day {
  const { year, month, day: date } = partsOf(day)
  return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10)
}

/** Days from one to the other. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00Z`) - Date.parse(`${from}T00:00Z`)) / DAY)
}

/** 0 is Sunday. */
export function weekdayOf(day: Day): number {
  return new Date(`${day}T00:00Z`).getUTCDay()
}
