import { WEEKDAYS, type Freq, type Rule } from './rules'

// Recurrence in English words. A phrase is found anywhere in a line; what it does not say (the time, the
// first day) is left to the rest of the line.

export type Phrase = {
  start: number
  end: number
  rule: Rule
  /** The day of the month, or of the year, on which "every month on the 1st" begins. */
  monthDay?: number
  month?: number
  /** "every morning" */
  hour?: number
}

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december']
const ORDINALS = ['', 'first', 'second', 'third', 'fourth', 'fifth']
const UNITS: Record<string, Freq> = { hour: 'HOURLY', day: 'DAILY', week: 'WEEKLY', month: 'MONTHLY', year: 'YEARLY' }
const NUMBERS: Record<string, number> = { two: 2, three: 3, four: 4, five: 5, six: 6, other: 2, second: 2, third: 3, fourth: 4 }
const WORDS: Record<string, Rule> = {
  daily: { freq: 'DAILY' },
  weekly: { freq: 'WEEKLY' },
  biweekly: { freq: 'WEEKLY', interval: 2 },
  fortnightly: { freq: 'WEEKLY', interval: 2 },
  monthly: { freq: 'MONTHLY' },
  quarterly: { freq: 'MONTHLY', interval: 3 },
  yearly: { freq: 'YEARLY' },
  annually: { freq: 'YEARLY' },
}
const PARTS_OF_DAY: Record<string, number> = { morning: 9, afternoon: 15, evening: 18, night: 20 }
const WORKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR']

const day = '(?:sun(?:day)?|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?)s?'
const month = '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'
const nth = '(?:first|second|third|fourth|fifth|last|[1-9]\\d?(?:st|nd|rd|th))'
const each = '(?:every|each)'
const ofMonth = `(?:of (?:the|each|every) month|in (?:the|each|every) month|${each} month|monthly)`

type Maker = (match: RegExpExecArray) => Omit<Phrase, 'start' | 'end'> | undefined

/** From the most to the least particular: the first that fits is taken. */
const PATTERNS: [RegExp, Maker][] = [
  [phrase(`(?:${each}|on the) (${nth}) (?:working|week|business) ?day ${ofMonth}`), (m) => ({ rule: { freq: 'MONTHLY', days: WORKDAYS, setPos: count(m[1]) } })],
  [phrase(`(?:${each} )?(?:month )?on the (${nth}) (${day}) ?(?:${ofMonth})`), (m) => inMonth(m[1], m[2])],
  [phrase(`(?:${each}|the) (${nth}) (${day}) ${ofMonth}`), (m) => inMonth(m[1], m[2])],
  [phrase(`(?:${each} month|monthly) on the (${nth}) (${day})`), (m) => inMonth(m[1], m[2])],
  [phrase(`(?:${each}|on the|the) last day ${ofMonth}`), () => ({ rule: { freq: 'MONTHLY', monthDays: [-1] } })],
  [phrase(`(?:${each} month|monthly) on the last(?: day)?`), () => ({ rule: { freq: 'MONTHLY', monthDays: [-1] } })],
  [phrase(`(?:${each} year|yearly|annually) on (?:the )?(\\d{1,2})(?:st|nd|rd|th)?(?: of)? (${month})`), (m) => ofYear(m[2], m[1])],
  [phrase(`(?:${each} year|yearly|annually) on (${month}) (\\d{1,2})(?:st|nd|rd|th)?`), (m) => ofYear(m[1], m[2])],
  [phrase(`${each} (\\d{1,2})(?:st|nd|rd|th)?(?: of)? (${month})`), (m) => ofYear(m[2], m[1])],
  [phrase(`${each} (${month}) (\\d{1,2})(?:st|nd|rd|th)?`), (m) => ofYear(m[1], m[2])],
  [phrase(`${each} (${month})`), (m) => ofYear(m[1], '1')],
  [phrase(`(?:${each} (?:(other|\\d+(?:nd|rd|th)?|two|three|four|six) )?months?|monthly) on (?:the )?(\\d{1,2})(?:st|nd|rd|th)?`), (m) => onDay(m[2], m[1])],
  [phrase(`(?:on the|${each}) (\\d{1,2})(?:st|nd|rd|th) ${ofMonth}`), (m) => onDay(m[1])],
  [phrase(`${each} (\\d{1,2})(?:st|nd|rd|th)(?! \\w*(?:day|week|month|year|hour))`), (m) => onDay(m[1])],
  [phrase(`${each} (?:(other|\\d+(?:nd|rd|th)?|two|three|four|second|third|fourth) )?weeks? on (${day}(?:(?:,? and |, ?| )${day})*)`), (m) => onWeekdays(m[2], m[1])],
  [phrase(`${each} (?:(other|\\d+(?:nd|rd|th)|second|third|fourth) )?(${day}(?:(?:,? and |, ?| ?& ?| )${day})*)`), (m) => onWeekdays(m[2], m[1])],
  [phrase(`(?:${each} (?:weekday|work(?:ing )?day|business day)|on weekdays|weekdays)`), () => ({ rule: { freq: 'WEEKLY', days: WORKDAYS } })],
  [phrase(`(?:${each} weekend|on weekends)`), () => ({ rule: { freq: 'WEEKLY', days: ['SA', 'SU'] } })],
  [phrase(`${each} (morning|afternoon|evening|night)`), (m) => ({ rule: { freq: 'DAILY' }, hour: PARTS_OF_DAY[(m[1] ?? '').toLowerCase()] ?? 9 })],
  [phrase(`${each} quarter`), () => ({ rule: { freq: 'MONTHLY', interval: 3 } })],
  [phrase(`${each} (?:(other|\\d+(?:nd|rd|th)?|two|three|four|five|six|second|third|fourth) )?(hour|day|week|month|year)s?`), (m) => paced(m[2], m[1])],
  [/(?<=^|\s)(daily|weekly|biweekly|fortnightly|monthly|quarterly|yearly|annually)(?=\s*$|\s+(?:at|on|from|starting|until|till|!|#|@|\d))/gi, (m) => fixed(m[1])],
]

function phrase(source: string): RegExp {
  return new RegExp(`(?<=^|\\s)${source}(?=$|[\\s,;.!?)])`, 'gi')
}

/** The phrase of recurrence in a line, if there is one. `skip` says which ones the person does not mean. */
export function findPhrase(text: string, skip: (start: number, end: number) => boolean = () => false): Phrase | undefined {
  for (const [pattern, make] of PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      const [start, end] = [match.index, match.index + match[0].length]
      if (skip(start, end)) continue
      const made = make(match as RegExpExecArray)
      if (made) return { start, end, ...made }
    }
  }
  return undefined
}

function inMonth(which: string | undefined, name: string | undefined): Omit<Phrase, 'start' | 'end'> | undefined {
  const n = count(which)
  return n <= 5 ? { rule: { freq: 'MONTHLY', days: [`${n}${weekday(name)}`] } } : undefined
}

function ofYear(name: string | undefined, date: string | undefined): Omit<Phrase, 'start' | 'end'> | undefined {
  const index = MONTHS.findIndex((m) => m.startsWith((name ?? '').toLowerCase().slice(0, 3)))
  const monthDay = Number(date)
  return index < 0 || monthDay < 1 || monthDay > 31 ? undefined : { rule: { freq: 'YEARLY' }, month: index + 1, monthDay }
}

function onDay(date: string | undefined, pace?: string): Omit<Phrase, 'start' | 'end'> | undefined {
  const monthDay = Number(date)
  return monthDay < 1 || monthDay > 31 ? undefined : { rule: withPace({ freq: 'MONTHLY' }, pace), monthDay }
}

function onWeekdays(names: string | undefined, pace?: string): Omit<Phrase, 'start' | 'end'> {
  const days = [...(names ?? '').matchAll(new RegExp(day, 'gi'))].map((m) => weekday(m[0]))
  return { rule: withPace({ freq: 'WEEKLY', days }, pace) }
}

function paced(unit: string | undefined, pace?: string): Omit<Phrase, 'start' | 'end'> | undefined {
  const freq = UNITS[(unit ?? '').toLowerCase()]
  return freq && { rule: withPace({ freq }, pace) }
}

function fixed(word: string | undefined): Omit<Phrase, 'start' | 'end'> | undefined {
  const rule = WORDS[(word ?? '').toLowerCase()]
  return rule && { rule }
}

function withPace(rule: Rule, pace: string | undefined): Rule {
  if (!pace) return rule
  const interval = NUMBERS[pace.toLowerCase()] ?? Number.parseInt(pace, 10)
  return interval > 1 ? { ...rule, interval } : rule
}

function count(which: string | undefined): number {
  const word = (which ?? '').toLowerCase()
  if (word === 'last') return -1
  const index = ORDINALS.indexOf(word)
  return index > 0 ? index : Number.parseInt(word, 10)
}

function weekday(name: string | undefined): string {
  return WEEKDAYS[DAYS.findIndex((d) => d.startsWith((name ?? '').toLowerCase().slice(0, 3)))] ?? 'MO'
}
