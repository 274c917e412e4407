import { RRuleTemporal } from 'rrule-temporal'
import { instantOf, localOf, type Local } from '@/time'
import { readRule } from './rules'

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

/** The first `count` dates of a series after an instant. */
export function nextDates({ rule, start, zone, end }: Series, after: number, count: number): number[] {
  const dates: number[] = []
  let looked = 0
  for (const wall of walls(rule, localOf(start, zone))) {
    const ms = instantOf(wall, zone)
    if (++looked > MOST || dates.length >= count || (end !== undefined && ms > end)) break
    if (ms > after && (dates.length === 0 || ms > (dates.at(-1) ?? 0))) dates.push(ms)
  }
  return dates
}

/** The dates of a rule on the wall's clock, the start first. */
function walls(text: string, start: Local): Iterable<Local> {
  const rule = readRule(text)
  if (rule && (text === 'monthly' || text === 'yearly')) return clamped(start, text === 'monthly' ? 1 : 12)
  return walked(text, start)
}

/** The words keep the day of the month: its last one where a month is shorter, and then back. */
function* clamped(start: Local, months: number): Generator<Local> {
  for (let step = 0; ; step++) {
    const month = start.month - 1 + step * months
    const last = new Date(Date.UTC(start.year, month + 1, 0)).getUTCDate()
    const date = new Date(Date.UTC(start.year, month, Math.min(start.day, last)))
    yield { ...start, year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
  }
}

function* walked(text: string, start: Local): Generator<Local> {
  const word = { daily: 'FREQ=DAILY', weekly: 'FREQ=WEEKLY' }[text] ?? text
  const p = (n: number, width = 2) => String(n).padStart(width, '0')
  const from = `${p(start.year, 4)}${p(start.month)}${p(start.day)}T${p(start.hour)}${p(start.minute)}${p(start.second)}Z`
  // A bare UNTIL is a day of the zone, inclusive; on the wall's clock it is the end of that day.
  const rule = word.replace(/UNTIL=(\d{8})(?=;|$)/, 'UNTIL=$1T235959Z').replace(/UNTIL=(\d{8}T\d{6})(?=;|$)/, 'UNTIL=$1Z')
  const series = new RRuleTemporal({ rruleString: `DTSTART:${from}\nRRULE:${rule}`, includeDtstart: true, maxIterations: 5000 })
  let last = new Date(Date.UTC(start.year, start.month - 1, start.day, start.hour, start.minute, start.second) - 1000)
  for (;;) {
    const next = nextOf(series, last)
    if (!next) return
    last = new Date(next.epochMilliseconds)
    yield { year: next.year, month: next.month, day: next.day, hour: next.hour, minute: next.minute, second: next.second }
  }
}

/** A rule that occurs too seldom to be found with bounded work shows no dates. */
function nextOf(series: RRuleTemporal, after: Date) {
  try {
    return series.next(after)
  } catch {
    return null
  }
}
