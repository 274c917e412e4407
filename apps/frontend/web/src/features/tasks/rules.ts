import { dayText, dayOf, localOf, weekdayOf, type Day } from '@/time'

// Rules of recurrence as the API takes them: a word, or an RRULE in the server's normalised form, so that
// what is sent comes back as it was.

export const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const
export type Weekday = (typeof WEEKDAYS)[number]
export type Freq = 'HOURLY' | 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY'

export type Rule = {
  freq: Freq
  interval?: number
  count?: number
  /** An UNTIL as it stands in the rule. */
  until?: string
  months?: number[]
  monthDays?: number[]
  /** "FR", or "2FR" and "-1FR" in a month or year. */
  days?: string[]
  setPos?: number
}

const WORDS: Record<string, Freq> = { daily: 'DAILY', weekly: 'WEEKLY', monthly: 'MONTHLY', yearly: 'YEARLY' }
const WORKDAYS = 'MO,TU,WE,TH,FR'
// In the language of the sentences that they are part of.
const DAY_NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTH_NAMES = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']

/** Writes a rule: as a word where that says it all. */
export function writeRule(rule: Rule): string {
  const { freq, interval = 1, count, until, months, monthDays, days, setPos } = rule
  const word = Object.keys(WORDS).find((w) => WORDS[w] === freq)
  if (word && interval === 1 && count === undefined && !until && !months && !monthDays && !days) return word
  const parts = [`FREQ=${freq}`]
  if (interval !== 1) parts.push(`INTERVAL=${interval}`)
  if (count !== undefined) parts.push(`COUNT=${count}`)
  if (until) parts.push(`UNTIL=${until}`)
  if (months) parts.push(`BYMONTH=${months.join(',')}`)
  if (monthDays) parts.push(`BYMONTHDAY=${monthDays.join(',')}`)
  if (days) parts.push(`BYDAY=${sortedDays(days).join(',')}`)
  if (setPos !== undefined) parts.push(`BYSETPOS=${setPos}`)
  return parts.join(';')
}

/** From Monday on, as the server sorts them. */
function sortedDays(days: string[]): string[] {
  const place = (day: string) => (WEEKDAYS.indexOf(day.slice(-2) as Weekday) + 6) % 7
  return [...new Set(days)].sort((a, b) => place(a) - place(b))
}

/** Reads a rule, undefined where it has parts that are not of this page. */
export function readRule(text: string): Rule | undefined {
  const word = WORDS[text]
  if (word) return { freq: word }
  const rule: Partial<Rule> = {}
  for (const part of text.split(';')) {
    const [key, value = ''] = part.split('=')
    if (key === 'FREQ') rule.freq = value as Freq
    else if (key === 'INTERVAL') rule.interval = Number(value)
    else if (key === 'COUNT') rule.count = Number(value)
    else if (key === 'UNTIL') rule.until = value
    else if (key === 'BYMONTH') rule.months = value.split(',').map(Number)
    else if (key === 'BYMONTHDAY') rule.monthDays = value.split(',').map(Number)
    else if (key === 'BYDAY') rule.days = value.split(',')
    else if (key === 'BYSETPOS' && !value.includes(',')) rule.setPos = Number(value)
    else return undefined
  }
  return rule.freq ? (rule as Rule) : undefined
}

/** A rule as people say it: "every 2 weeks on Friday". `due` completes what the rule leaves to it. */
export function ruleText(text: string, due?: { ms: number; zone: string }): string {
  const rule = readRule(text)
  if (!rule) return 'repeats by its own rule'
  return [every(rule, due), until(rule)].filter(Boolean).join(', ')
}

function every(rule: Rule, due?: { ms: number; zone: string }): string {
  const { freq, interval = 1, days, monthDays, months, setPos } = rule
  const unit = { HOURLY: 'hour', DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', YEARLY: 'year' }[freq]
  const pace = interval === 1 ? `every ${unit}` : interval === 2 ? `every other ${unit}` : `every ${interval} ${unit}s`
  if (days?.join() === WORKDAYS && setPos !== undefined) return `${pace} on the ${ordinal(setPos)} working day`
  if (setPos !== undefined) return `${pace}, by its own rule`
  if (freq === 'WEEKLY' && days?.join() === WORKDAYS && interval === 1) return 'every working day'
  if (freq === 'WEEKLY' && days?.join() === 'SA,SU' && interval === 1) return 'every weekend'
  if (freq === 'WEEKLY' && days && interval === 1) return `every ${list(days.map(dayName))}`
  if (days) return `${pace} on ${list(days.map((day) => (day.length > 2 ? `the ${ordinal(Number(day.slice(0, -2)))} ${dayName(day)}` : dayName(day))))}`
  if (monthDays) return `${pace} on the ${list(monthDays.map((day) => (day === -1 ? 'last day' : ordinal(day))))}${months ? ` of ${list(months.map(monthName))}` : ''}`
  return pace + completed(rule, due)
}

/** "every month" is on the day on which it is due. */
function completed(rule: Rule, due?: { ms: number; zone: string }): string {
  if (!due || rule.months) return ''
  const { day, month } = localOf(due.ms, due.zone)
  if (rule.freq === 'WEEKLY') return ` on ${DAY_NAMES[weekdayOf(dayOf(due.ms, due.zone))]}`
  if (rule.freq === 'MONTHLY') return ` on the ${ordinal(day)}`
  if (rule.freq === 'YEARLY') return ` on ${day} ${monthName(month)}`
  return ''
}

function until({ count, until: end }: Rule): string {
  if (count !== undefined) return count === 1 ? 'once' : `${count} times`
  const match = /^(\d{4})(\d{2})(\d{2})/.exec(end ?? '')
  return match ? `until ${untilText(`${match[1]}-${match[2]}-${match[3]}`)}` : ''
}

export function untilText(day: Day): string {
  return dayText(day, '0001-01-01')
}

function dayName(day: string): string {
  return DAY_NAMES[WEEKDAYS.indexOf(day.slice(-2) as Weekday)] ?? day
}

function monthName(month: number): string {
  return MONTH_NAMES[month - 1] ?? String(month)
}

export function ordinal(n: number): string {
  if (n === -1) return 'last'
  if (n < 0) return `${ordinal(-n)} last`
  const rule = new Intl.PluralRules('en', { type: 'ordinal' }).select(n)
  return `${n}${{ one: 'st', two: 'nd', few: 'rd', other: 'th', many: 'th', zero: 'th' }[rule]}`
}

function list(items: string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** What to offer for a task that is due on a day. */
export function suggestions(day: Day): { value: string; label: string }[] {
  const weekday = WEEKDAYS[weekdayOf(day)] ?? 'MO'
  const date = Number(day.slice(8))
  const month = Number(day.slice(5, 7))
  const nth = Math.ceil(date / 7)
  const rules: Rule[] = [
    { freq: 'DAILY' },
    { freq: 'WEEKLY', days: ['MO', 'TU', 'WE', 'TH', 'FR'] },
    { freq: 'WEEKLY' },
    { freq: 'WEEKLY', interval: 2 },
    { freq: 'MONTHLY' },
    { freq: 'MONTHLY', days: [`${nth > 4 ? -1 : nth}${weekday}`] },
    { freq: 'YEARLY' },
  ]
  const due = { ms: Date.UTC(Number(day.slice(0, 4)), month - 1, date, 12), zone: 'UTC' }
  return rules.map((rule) => ({ value: writeRule(rule), label: ruleText(writeRule(rule), due) }))
}
