import { describe, expect, test } from 'vitest'
import { instantOf } from '@/time'
import { nextDates } from './next-dates'
import { readRule, ruleText, suggestions, writeRule } from './rules'

const at = (text: string, zone: string) => {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0] = text.split(/[- :]/).map(Number)
  return instantOf({ year, month, day, hour, minute }, zone)
}
const shown = (ms: number, zone: string) =>
  new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(ms)
function next(rule: string, from: string, zone = 'Europe/Berlin', count = 3, more: { after?: string; end?: string } = {}): string[] {
  const start = at(from, zone)
  const end = more.end === undefined ? undefined : at(more.end, zone)
  return nextDates({ rule, start, zone, end }, more.after ? at(more.after, zone) : start, count).map((ms) => shown(ms, zone))
}

describe('dates are those of docs/recurrence.md', () => {
  test.each<[string, string, string[]]>([
    ['daily', '2026-01-31 10:00', ['2026-02-01 10:00', '2026-02-02 10:00', '2026-02-03 10:00']],
    ['weekly', '2026-01-31 10:00', ['2026-02-07 10:00', '2026-02-14 10:00', '2026-02-21 10:00']],
    ['monthly', '2026-01-31 10:00', ['2026-02-28 10:00', '2026-03-31 10:00', '2026-04-30 10:00']],
    ['yearly', '2028-02-29 10:00', ['2029-02-28 10:00', '2030-02-28 10:00', '2031-02-28 10:00']],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', '2026-01-31 10:00', ['2026-02-27 10:00', '2026-03-31 10:00', '2026-04-30 10:00']],
    ['FREQ=MONTHLY', '2026-01-31 10:00', ['2026-03-31 10:00', '2026-05-31 10:00', '2026-07-31 10:00']],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=FR', '2026-12-04 09:00', ['2026-12-18 09:00', '2027-01-01 09:00', '2027-01-15 09:00']],
    ['FREQ=MONTHLY;BYDAY=2FR', '2026-12-11 09:00', ['2027-01-08 09:00', '2027-02-12 09:00', '2027-03-12 09:00']],
    ['FREQ=MONTHLY;BYMONTHDAY=-1', '2026-12-31 09:00', ['2027-01-31 09:00', '2027-02-28 09:00', '2027-03-31 09:00']],
    ['FREQ=DAILY;COUNT=3', '2026-01-31 10:00', ['2026-02-01 10:00', '2026-02-02 10:00']],
    ['FREQ=DAILY;UNTIL=20260202', '2026-01-31 10:00', ['2026-02-01 10:00', '2026-02-02 10:00']],
    ['FREQ=MONTHLY;COUNT=3;BYDAY=1MO', '2026-01-31 10:00', ['2026-02-02 10:00', '2026-03-02 10:00']],
    ['FREQ=HOURLY;INTERVAL=8', '2027-03-27 16:00', ['2027-03-28 00:00', '2027-03-28 08:00', '2027-03-28 16:00']],
  ])('%s from %s', (rule, from, expected) => {
    expect(next(rule, from)).toEqual(expected)
  })

  test('the time on the wall stays when the clocks change, and what they jump over is the end of the gap', () => {
    expect(next('daily', '2027-03-27 02:30')).toEqual(['2027-03-28 03:00', '2027-03-29 02:30', '2027-03-30 02:30'])
    expect(next('daily', '2027-10-30 02:30')).toEqual(['2027-10-31 02:30', '2027-11-01 02:30', '2027-11-02 02:30'])
    expect(next('FREQ=HOURLY', '2027-03-28 01:00')).toEqual(['2027-03-28 03:00', '2027-03-28 04:00', '2027-03-28 05:00'])
  })

  test('a series goes on from its start, behind what was missed', () => {
    expect(next('monthly', '2026-01-31 10:00', 'UTC', 2, { after: '2026-04-02 12:00' })).toEqual(['2026-04-30 10:00', '2026-05-31 10:00'])
  })

  test('the end is inclusive', () => {
    expect(next('daily', '2026-01-31 10:00', 'UTC', 3, { end: '2026-02-02 10:00' })).toEqual(['2026-02-01 10:00', '2026-02-02 10:00'])
  })

  test('a rule that never occurs, or began too long ago, shows nothing, after bounded work', () => {
    expect(next('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', '2026-01-31 10:00')).toEqual([])
    expect(next('FREQ=HOURLY', '1990-01-31 10:00', 'UTC', 3, { after: '2026-01-01 00:00' })).toEqual([])
  })
})

test('a rule comes back as it was written', () => {
  for (const text of ['daily', 'monthly', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR', 'FREQ=MONTHLY;COUNT=5;BYDAY=-1FR', 'FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=1,-1', 'FREQ=DAILY;UNTIL=20261231']) {
    const rule = readRule(text)
    expect(rule && writeRule(rule)).toBe(text)
  }
  expect(writeRule({ freq: 'WEEKLY', days: ['SU', 'FR', 'MO', 'FR'] })).toBe('FREQ=WEEKLY;BYDAY=MO,FR,SU')
  expect(readRule('FREQ=DAILY;BYHOUR=9,17')).toBeUndefined()
})

test.each([
  ['daily', 'every day'],
  ['weekly', 'every week on Friday'],
  ['monthly', 'every month on the 4th'],
  ['yearly', 'every year on 4 December'],
  ['FREQ=WEEKLY;INTERVAL=2;BYDAY=FR', 'every other week on Friday'],
  ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', 'every working day'],
  ['FREQ=WEEKLY;BYDAY=MO,WE,FR', 'every Monday, Wednesday and Friday'],
  ['FREQ=MONTHLY;BYDAY=2FR', 'every month on the 2nd Friday'],
  ['FREQ=MONTHLY;BYDAY=-1FR', 'every month on the last Friday'],
  ['FREQ=MONTHLY;BYMONTHDAY=-1', 'every month on the last day'],
  ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', 'every month on the last working day'],
  ['FREQ=HOURLY;INTERVAL=4', 'every 4 hours'],
  ['FREQ=DAILY;COUNT=5', 'every day, 5 times'],
  ['FREQ=DAILY;BYHOUR=9,17', 'repeats by its own rule'],
])('%s in words', (rule, words) => {
  expect(ruleText(rule, { ms: at('2026-12-04 09:00', 'UTC'), zone: 'UTC' })).toBe(words)
})

test('what is offered belongs to the day', () => {
  expect(suggestions('2026-12-31').map((s) => s.label)).toEqual([
    'every day', 'every working day', 'every week on Thursday', 'every other week on Thursday', 'every month on the 31st', 'every month on the last Thursday', 'every year on 31 December',
  ])
})
