import { RRuleTemporal } from 'rrule-temporal'
import { instantOf, localOf, type Local } from '@/time'

// What core/recurrence says, for a look ahead; it is the server that makes the next task. The rule is walked
// on a clock without changes (UTC stands for the wall), and each date becomes an instant in the zone: so
// gaps and repeated hours come out as there. Loaded when it is needed.

const MOST = 2000

export type Series = {
  rule: string
  /** Where the series began: the due date of its first task. */
  start: number
  zone: string
  /** Nothing after it; inclusive. */
  end?: number | undefined
}

/** The first `count` dates of a series after an instant. A rule that occurs too seldom, or began too long ago, shows none. */
export function nextDates({ rule, start, zone, end }: Series, after: number, count: number): number[] {
  const dates: number[] = []
  let looked = 0
  walk(rule, localOf(start, zone), (wall) => {
    const ms = instantOf(wall, zone)
    if (++looked > MOST || (end !== undefined && ms > end)) return false
    // Two hours of a wall's clock are one instant where the clocks jump.
    if (ms > after && ms !== dates.at(-1)) dates.push(ms)
    return dates.length < count
  })
  return dates
}

type Visit = (wall: Local) => boolean

/** Visits the dates of a rule on the wall's clock, the start first, until told to stop. */
function walk(text: string, start: Local, visit: Visit): void {
  if (text === 'monthly') return clamped(start, 1, visit)
  if (text === 'yearly') return clamped(start, 12, visit)
  const series = new RRuleTemporal({ rruleString: `DTSTART:${stamp(start)}\nRRULE:${onTheWall(text)}`, includeDtstart: true, maxIterations: 5000 })
  try {
    series.all(({ year, month, day, hour, minute, second }) => visit({ year, month, day, hour, minute, second }))
  } catch {
    // It gave up after so many periods without a date.
  }
}

/** The words keep the day of the month: its last one where a month is shorter, and then back. */
function clamped(start: Local, months: number, visit: Visit): void {
  for (let step = 0; step <= MOST; step++) {
    const month = start.month - 1 + step * months
    const last = new Date(Date.UTC(start.year, month + 1, 0)).getUTCDate()
    const date = new Date(Date.UTC(start.year, month, Math.min(start.day, last)))
    if (!visit({ ...start, year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() })) return
  }
}

/** A bare UNTIL is a day of the zone, inclusive: on the wall's clock the end of that day. */
function onTheWall(text: string): string {
  const rule = { daily: 'FREQ=DAILY', weekly: 'FREQ=WEEKLY' }[text] ?? text
  return rule.replace(/UNTIL=(\d{8})(?=;|$)/, 'UNTIL=$1T235959Z').replace(/UNTIL=(\d{8}T\d{6})(?=;|$)/, 'UNTIL=$1Z')
}

function stamp({ year, month, day, hour, minute, second }: Local): string {
  const p = (n: number, width = 2) => String(n).padStart(width, '0')
  return `${p(year, 4)}${p(month)}${p(day)}T${p(hour)}${p(minute)}${p(second)}Z`
}
