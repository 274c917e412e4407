import { en, type ParsedResult } from 'chrono-node'
import type { Category, Priority } from '@/api'
import { addDays, dayOf, localOf, instantOf, type Day } from '@/time'
import { dueInstant, type Due, type Time } from './due'
import { nextDates } from './next-dates'
import { findPhrase, type Phrase } from './phrases'
import { writeRule, type Rule } from './rules'

// What a person means by one line: "pay rent every month on the 1st at 9 !high #home". Loaded when the line
// gets the focus.

export type ChipKind = 'due' | 'rule' | 'end' | 'reminder' | 'priority' | 'category' | 'tag'

export type Piece = {
  kind: ChipKind
  /** As it stands in the line. */
  text: string
  start: number
  end: number
  /** The title keeps its words: of "12 to 14 December" only the beginning has a place of its own. */
  stays?: true
}

/** When to remind: minutes before it is due, or a time of its own. */
export type Reminder = { before: number } | { at: Due }

export type Understood = {
  /** The line without what was understood. */
  title: string
  pieces: Piece[]
  due?: Due
  rule?: string
  end?: Day
  reminder?: Reminder
  priority?: Priority
  category?: Category
  tags: string[]
}

export type Context = {
  now: number
  zone: string
  /** Pieces that the person took back, as `refusal` names them. */
  refused?: ReadonlySet<string>
  /** 1 January or 31 December first, in 1/12? */
  dayFirst?: boolean
}

export function refusal(piece: Pick<Piece, 'kind' | 'text'>): string {
  return `${piece.kind}:${piece.text.toLowerCase()}`
}

const CATEGORIES = new Set(['work', 'personal', 'home', 'other'])
const PRIORITIES: Record<string, Priority> = { h: 'high', '1': 'high', m: 'medium', '2': 'medium', l: 'low', '3': 'low' }

export function understand(line: string, context: Context): Understood {
  const found = new Finder(line, context)
  const result: Understood = { title: '', pieces: [], tags: [] }
  marks(found, result)
  reminder(found, result)
  const phrase = found.phrase()
  const end = phrase && endOf(found, phrase)
  const count = phrase && countOf(found, phrase)
  const times = found.times()
  const rule: Rule | undefined = phrase && (count ? { ...phrase.rule, count } : phrase.rule)
  if (rule) result.rule = writeRule(rule)
  if (end) result.end = end
  const due = dueOfLine(found, times, phrase)
  if (due) result.due = due
  result.pieces = found.pieces.sort((a, b) => a.start - b.start)
  result.title = found.rest()
  return result
}

/** Looks for pieces; what one took, no other gets. */
class Finder {
  readonly pieces: Piece[] = []

  constructor(readonly line: string, readonly context: Context) {}

  take(kind: ChipKind, start: number, end: number, stays = false): boolean {
    const piece: Piece = { kind, text: this.line.slice(start, end), start, end, ...(stays ? { stays } : {}) }
    if (this.context.refused?.has(refusal(piece)) || this.taken(start, end)) return false
    this.pieces.push(piece)
    return true
  }

  taken(start: number, end: number): boolean {
    return this.pieces.some((p) => start < p.end && end > p.start)
  }

  /** The line with blanks in place of what was taken, so that places stay. */
  open(): string {
    let text = this.line
    for (const p of this.pieces) text = text.slice(0, p.start) + ' '.repeat(p.end - p.start) + text.slice(p.end)
    return text
  }

  rest(): string {
    const gone = this.pieces.filter((p) => !p.stays)
    if (gone.length === 0) return this.line.trim()
    let text = this.line
    for (const p of gone.sort((a, b) => b.start - a.start)) text = `${text.slice(0, p.start)}\0${text.slice(p.end)}`
    return text
      .replace(/\s*\0[\s\0]*([,.;:!?](?=\s|$))?/g, (_gap, mark: string | undefined) => mark ?? ' ')
      .replace(/^[\s,;:.]+|[\s,;:]+$/g, '')
  }

  phrase(): Phrase | undefined {
    const open = this.open()
    const phrase = findPhrase(open, (start, end) => this.context.refused?.has(refusal({ kind: 'rule', text: this.line.slice(start, end) })) ?? false)
    return phrase && this.take('rule', phrase.start, phrase.end) ? phrase : undefined
  }

  times(): ParsedResult[] {
    return this.parse(this.open()).filter((r) => plausible(r, this.line))
  }

  parse(text: string): ParsedResult[] {
    const { now, zone, dayFirst } = this.context
    const offset = (instantOf(localOf(now, zone), 'UTC') - now) / 60_000
    return (dayFirst ? en.GB : en.casual).parse(text, { instant: new Date(now), timezone: Math.round(offset) }, { forwardDate: true })
  }
}

function marks(found: Finder, result: Understood): void {
  for (const m of found.line.matchAll(/(?<=^|\s)!(high|medium|med|low|[hml123])(?=\s|$)/gi)) {
    if (result.priority || !found.take('priority', m.index, m.index + m[0].length)) continue
    result.priority = PRIORITIES[(m[1] ?? '').charAt(0).toLowerCase()] ?? 'medium'
  }
  for (const m of found.line.matchAll(/(?<=^|\s)#([\p{L}\p{N}\p{M}_/-]{1,50})(?=[\s,.;:!?)]|$)/gu)) {
    const name = (m[1] ?? '').toLowerCase()
    // "#12" is the number of something.
    if (/^\d+$/.test(name)) continue
    const isCategory = CATEGORIES.has(name) && !result.category
    if (!found.take(isCategory ? 'category' : 'tag', m.index, m.index + m[0].length)) continue
    if (isCategory) result.category = name as Category
    else if (!result.tags.includes(name) && result.tags.length < 10) result.tags.push(name)
  }
}

function reminder(found: Finder, result: Understood): void {
  const open = found.open()
  const before = /(?<=^|\s)remind(?: me)? (an?|\d+) ?(m(?:in(?:ute)?s?)?|h(?:ours?)?|d(?:ays?)?|weeks?)(?: before| early| ahead)(?=\s|$|[,.;])/i.exec(open)
  if (before && found.take('reminder', before.index, before.index + before[0].length)) {
    const unit = { m: 1, h: 60, d: 1440, w: 10_080 }[(before[2] ?? 'm').charAt(0).toLowerCase()] ?? 1
    result.reminder = { before: (Number.parseInt(before[1] ?? '', 10) || 1) * unit }
    return
  }
  const at = /(?<=^|\s)remind(?: me)?(?=\s|$)/i.exec(open)
  if (!at) return
  const from = at.index + at[0].length
  const time = found.parse(open.slice(from)).find((r) => open.slice(from, from + r.index).trim() === '')
  const end = time ? from + time.index + time.text.length : from
  if (time && found.take('reminder', at.index, end)) result.reminder = { at: settle(found, whenOf(time, found.context.zone)) ?? { day: dayOf(found.context.now, found.context.zone) } }
  else if (!time && /\sme$/i.test(at[0]) && open.slice(from).trim() === '' && found.take('reminder', at.index, end)) result.reminder = { before: 0 }
}

/** "until Friday", "till 24 Dec" behind a recurrence. */
function endOf(found: Finder, phrase: Phrase): Day | undefined {
  const open = found.open()
  const word = /(?<=\s)(?:until|till|til|ending)\s+/i.exec(open)
  if (!word || word.index < phrase.start) return undefined
  const from = word.index + word[0].length
  const time = found.parse(open.slice(from)).find((r) => r.index === 0)
  const day = time && whenOf(time, found.context.zone).day
  return day && found.take('end', word.index, from + time.text.length) ? day : undefined
}

/** "5 times" behind a recurrence. */
function countOf(found: Finder, phrase: Phrase): number | undefined {
  const m = /(?<=\s)(?:for )?(\d{1,4}) times(?=\s|$|[,.;])/i.exec(found.open())
  const count = Number(m?.[1])
  return m && m.index >= phrase.end && count >= 1 && found.take('end', m.index, m.index + m[0].length) ? count : undefined
}

function dueOfLine(found: Finder, times: ParsedResult[], phrase: Phrase | undefined): Due | undefined {
  const due: When = {}
  for (const result of times) {
    const own = whenOf(result, found.context.zone)
    if ((own.day && due.day) || (own.time && due.time)) continue
    const start = result.index - (/(?<=^|\s)(?:at|by|on)\s+$/i.exec(found.line.slice(0, result.index))?.[0].length ?? 0)
    if (found.take('due', start, result.index + result.text.length, Boolean(result.end))) Object.assign(due, own)
  }
  if (!phrase) return settle(found, due)
  return firstOf(found, phrase, due.day, due.time ?? (phrase.hour === undefined ? undefined : { hour: phrase.hour, minute: 0 }))
}

/** A time without a day is the next such time. */
function settle({ context: { now, zone } }: Finder, { day, time, at }: When): Due | undefined {
  if (!time) return day === undefined ? undefined : { day }
  if (day) return at === undefined || dueInstant({ day, time }, zone) === at ? { day, time } : { day, time, at }
  const today = dayOf(now, zone)
  return { day: dueInstant({ day: today, time }, zone) > now ? today : addDays(today, 1), time }
}

/** The first date of a recurrence that is not over, from the given day on. */
function firstOf(found: Finder, phrase: Phrase, day: Day | undefined, time: Time | undefined): Due {
  const { now, zone } = found.context
  const today = dayOf(now, zone)
  const withTime = (d: Day): Due => (time ? { day: d, time } : { day: d })
  const over = (d: Day) => (time ? dueInstant({ day: d, time }, zone) <= now : d < today)
  if (phrase.rule.freq === 'HOURLY') return hourly(phrase.rule, now, zone, day, time)
  const from = day ?? today
  if (phrase.monthDay !== undefined) return withTime(dated(phrase, from, over))
  if (!phrase.rule.days && !phrase.rule.monthDays) return withTime(!day && over(from) ? addDays(from, 1) : from)
  // The pace counts from the first date, so it plays no part in finding it.
  const rule = writeRule({ ...phrase.rule, interval: 1 })
  const start = Date.parse(`${addDays(from, -1)}T00:00Z`)
  const dates = nextDates({ rule, start, zone: 'UTC' }, start, 2).map((ms) => dayOf(ms, 'UTC'))
  return withTime(dates.find((d) => !over(d)) ?? from)
}

function hourly(rule: Rule, now: number, zone: string, day: Day | undefined, time: Time | undefined): Due {
  if (day || time) return { day: day ?? dayOf(now, zone), time: time ?? { hour: 9, minute: 0 } }
  const at = localOf(now + (rule.interval ?? 1) * 3_600_000, zone)
  return { day: dayOf(now + (rule.interval ?? 1) * 3_600_000, zone), time: { hour: at.hour, minute: 0 } }
}

/** The next day with this number in a month; in a month that is shorter its last one, as the rule says. */
function dated({ monthDay = 1, month }: Phrase, from: Day, over: (day: Day) => boolean): Day {
  for (let step = 0; step < 25; step++) {
    const first = new Date(Date.UTC(Number(from.slice(0, 4)), Number(from.slice(5, 7)) - 1 + step, 1))
    if (month !== undefined && first.getUTCMonth() + 1 !== month) continue
    const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
    // A first date at the end of a short month would be where the rule counts from: take a month that has the day.
    if (monthDay > last) continue
    const day = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), monthDay)).toISOString().slice(0, 10)
    if (day >= from && !over(day)) return day
  }
  return from
}

/** `at`: what is counted in hours and minutes from now is an instant, whatever the clocks do meanwhile. */
type When = { day?: Day; time?: Time; at?: number }

function whenOf(result: ParsedResult, zone: string): When {
  if (result.tags().has('result/relativeDateAndTime')) {
    const at = Math.floor(result.start.date().getTime() / 60_000) * 60_000
    const { hour, minute } = localOf(at, zone)
    return { day: dayOf(at, zone), time: { hour, minute }, at }
  }
  const [day, time] = [dayIn(result), timeIn(result)]
  return { ...(day ? { day } : {}), ...(time ? { time } : {}) }
}

function dayIn({ start }: ParsedResult): Day | undefined {
  const says = start.isCertain('day') || start.isCertain('weekday') || start.isCertain('month') || start.isCertain('year')
  if (!says) return undefined
  const p = (n: number | null, width: number) => String(n ?? 1).padStart(width, '0')
  return `${p(start.get('year'), 4)}-${p(start.get('month'), 2)}-${p(start.get('day'), 2)}`
}

function timeIn({ start, text }: ParsedResult): Time | undefined {
  if (start.isCertain('hour')) return { hour: start.get('hour') ?? 0, minute: start.get('minute') ?? 0 }
  const word = /\b(morning|noon|afternoon|evening|tonight|night|midnight)\b/i.exec(text)?.[1]?.toLowerCase()
  const hour = word && { morning: 9, noon: 12, afternoon: 15, evening: 18, tonight: 20, night: 20, midnight: 0 }[word]
  return hour === undefined || hour === '' ? undefined : { hour, minute: 0 }
}

/** Words that are a date in one line and none in the next: "I may go", "sun cream", "midnight snack", "2 hours of work". */
function plausible(result: ParsedResult, line: string): boolean {
  const { text, index, start } = result
  const word = text.trim().toLowerCase()
  if (/^(now|may|mar|march|jan|april|june|august|sec|second)$/.test(word)) return false
  // A length is no date, and nothing is due in the past.
  if (result.tags().has('result/relativeDate') && !/^(in|within|after|next|this|\+)|(later|from now)$/.test(word)) return false
  if (/^(last|past)\b|\bago$/.test(word)) return false
  const before = line.slice(0, index)
  const after = line.slice(index + text.length)
  if (/^(sun|sat|wed|mon|fri|thu|tue|tues|thur|thurs)$/.test(word)) return /^\s*($|[,;.!#@]|at\b|\d)/.test(after) || /\b(on|next|this|by)\s*$/i.test(before)
  if (/^(morning|noon|midday|afternoon|evening|night|midnight)$/.test(word)) return /^\s*($|[,;.!?#@])/.test(after) ? !/\b(the|a|an|good)\s*$/i.test(before) : /\b(at|by|around|before)\s*$/i.test(before)
  // A bare number is no date: "4.5", "room 12.10".
  return !/^\d{1,2}\.\d{1,2}$/.test(word) && (start.isCertain('hour') || start.isCertain('day') || start.isCertain('weekday') || start.isCertain('month') || start.isCertain('year') || result.tags().has('result/relativeDate'))
}
