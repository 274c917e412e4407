import { describe, expect, test } from 'vitest'
import { dueInstant } from './due'
import { refusal, understand, type Context, type Understood } from './understand'

// Monday, 30 November 2026, 10:00 in Berlin.
const context: Context = { now: Date.parse('2026-11-30T09:00:00Z'), zone: 'Europe/Berlin' }
const of = (line: string, more: Partial<Context> = {}) => understand(line, { ...context, ...more })

/** One line that a person can check: title | day time | rule | the rest. */
function told(u: Understood): string {
  const p = (n: number) => String(n).padStart(2, '0')
  const due = u.due ? `${u.due.day}${u.due.time ? ` ${p(u.due.time.hour)}:${p(u.due.time.minute)}` : ''}` : '-'
  const rest = [u.end && `until ${u.end}`, u.priority && `!${u.priority}`, u.category && `#${u.category}`, ...u.tags.map((t) => `+${t}`), u.reminder && JSON.stringify(u.reminder)]
  return [u.title, due, u.rule ?? '-', rest.filter(Boolean).join(' ')].join(' | ').replace(/ \| $/, '')
}

describe('one line', () => {
  test.each([
    ['pay rent every month on the 1st at 9 !high #home', 'pay rent | 2026-12-01 09:00 | monthly | !high #home'],
    ['Buy milk', 'Buy milk | - | -'],
    ['Buy milk tomorrow', 'Buy milk | 2026-12-01 | -'],
    ['call Ann today at 5pm', 'call Ann | 2026-11-30 17:00 | -'],
    ['call Ann at 9', 'call Ann | 2026-12-01 09:00 | -'],
    ['call Ann at 11:30', 'call Ann | 2026-11-30 11:30 | -'],
    ['Report on friday', 'Report | 2026-12-04 | -'],
    ['Party sat', 'Party | 2026-12-05 | -'],
    ['Dentist 24 dec 14:15', 'Dentist | 2026-12-24 14:15 | -'],
    ['in 3 days water plants', 'water plants | 2026-12-03 | -'],
    ['Tea in 2 hours', 'Tea | 2026-11-30 12:00 | -'],
    ['Film tonight', 'Film | 2026-11-30 20:00 | -'],
    ['Taxes 2027-05-31', 'Taxes | 2027-05-31 | -'],
    ['Write #work/plan #Ünïcode #home !2', 'Write | - | - | !medium #home +work/plan +ünïcode'],
    ['Fix #12 in the tracker', 'Fix #12 in the tracker | - | -'],
    ['Great!!! really!', 'Great!!! really! | - | -'],
    ['tea every day at 8:30 until 24 dec', 'tea | 2026-12-01 08:30 | daily | until 2026-12-24'],
    ['Exam tomorrow at 9 remind me 2 hours before', 'Exam | 2026-12-01 09:00 | - | {"before":120}'],
    ['Buy bread remind me tomorrow at 8', 'Buy bread | - | - | {"at":{"day":"2026-12-01","time":{"hour":8,"minute":0}}}'],
  ])('%s', (line, expected) => {
    expect(told(of(line))).toBe(expected)
  })
})

describe('what only looks like a date stays in the title', () => {
  test.each([
    ['move to 12 dec', 'move to | 2026-12-12 | -'],
    ['move the talk to 12 dec at 9', 'move the talk to | 2026-12-12 09:00 | -'],
    ['Conference 12 dec to 14 dec', 'Conference 12 dec to 14 dec | 2026-12-12 | -'],
    ['Conference 12-14 dec !high', 'Conference 12-14 dec | 2026-12-12 | - | !high'],
    ['Shift 9 to 5', 'Shift 9 to 5 | 2026-12-01 09:00 | -'],
    ['midnight snack', 'midnight snack | - | -'],
    ['buy a midnight snack tomorrow', 'buy a midnight snack | 2026-12-01 | -'],
    ['morning run', 'morning run | - | -'],
    ['night shift on friday', 'night shift | 2026-12-04 | -'],
    ['afternoon tea at 4pm', 'afternoon tea | 2026-11-30 16:00 | -'],
    ['read about the night', 'read about the night | - | -'],
    ['2 hours of work', '2 hours of work | - | -'],
    ['15 minute break', '15 minute break | - | -'],
    ['a day off', 'a day off | - | -'],
    ['notes of last night', 'notes of last night | - | -'],
    ['what Ann said 3 days ago', 'what Ann said 3 days ago | - | -'],
  ])('%s', (line, expected) => {
    expect(told(of(line))).toBe(expected)
  })
})

describe('words that belong to a date go with it', () => {
  test.each([
    ['Report by friday', 'Report | 2026-12-04 | -'],
    ['Film at noon', 'Film | 2026-11-30 12:00 | -'],
    ['Call at midnight', 'Call | 2026-12-01 00:00 | -'],
    ['Party evening', 'Party | 2026-11-30 18:00 | -'],
    ['Run tomorrow morning', 'Run | 2026-12-01 09:00 | -'],
    ['Call within 3 days', 'Call | 2026-12-03 | -'],
    ['Call 3 days later', 'Call | 2026-12-03 | -'],
  ])('%s', (line, expected) => {
    expect(told(of(line))).toBe(expected)
  })
})

describe('hours from now are hours that pass, whatever the clocks do', () => {
  test.each([
    // At 2 the clocks go to 3.
    ['Europe/Berlin', '2027-03-28T00:30:00Z', 'Tea in 3 hours', '2027-03-28T03:30:00.000Z', '05:30'],
    // At 3 they go back to 2: the second 2:30 is meant.
    ['Europe/Berlin', '2027-10-30T22:30:00Z', 'Tea in 3 hours', '2027-10-31T01:30:00.000Z', '02:30'],
    ['Europe/Berlin', '2027-10-30T22:30:00Z', 'Tea in 2 hours', '2027-10-31T00:30:00.000Z', '02:30'],
    ['America/New_York', '2027-03-14T06:10:40Z', 'Tea in 90 minutes', '2027-03-14T07:40:00.000Z', '03:40'],
    ['Europe/Berlin', '2027-10-30T22:30:00Z', 'Tea in 2 days', '2027-11-01T23:00:00.000Z', ''],
  ])('%s, %s: %s', (zone, now, line, instant, clock) => {
    const { due } = of(line, { now: Date.parse(now), zone })
    expect(due && new Date(dueInstant(due, zone)).toISOString()).toBe(instant)
    expect(told(of(line, { now: Date.parse(now), zone })).split(' | ')[1]?.slice(11) ?? '').toBe(clock)
  })

  test('of a reminder, too', () => {
    const { reminder } = of('Tea remind me in 3 hours', { now: Date.parse('2027-03-28T00:30:00Z') })
    expect(reminder).toEqual({ at: { day: '2027-03-28', time: { hour: 5, minute: 30 } } })
  })
})

describe('recurrence in words', () => {
  test.each([
    ['x every day', '2026-11-30', 'daily'],
    ['x every day at 9', '2026-12-01 09:00', 'daily'],
    ['x daily', '2026-11-30', 'daily'],
    ['x every other day', '2026-11-30', 'FREQ=DAILY;INTERVAL=2'],
    ['x every 3 days', '2026-11-30', 'FREQ=DAILY;INTERVAL=3'],
    ['x every weekday at 9', '2026-12-01 09:00', 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['x every working day', '2026-11-30', 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['x every weekend', '2026-12-05', 'FREQ=WEEKLY;BYDAY=SA,SU'],
    ['x every friday', '2026-12-04', 'FREQ=WEEKLY;BYDAY=FR'],
    ['x every fri and mon at 18:00', '2026-11-30 18:00', 'FREQ=WEEKLY;BYDAY=MO,FR'],
    ['x every monday, wednesday and friday', '2026-11-30', 'FREQ=WEEKLY;BYDAY=MO,WE,FR'],
    ['x every 2nd friday', '2026-12-04', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=FR'],
    ['x every other tuesday', '2026-12-01', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU'],
    ['x every 2nd friday of the month', '2026-12-11', 'FREQ=MONTHLY;BYDAY=2FR'],
    ['x every last friday of the month', '2026-12-25', 'FREQ=MONTHLY;BYDAY=-1FR'],
    ['x on the first monday of every month', '2026-12-07', 'FREQ=MONTHLY;BYDAY=1MO'],
    ['x every 2 weeks', '2026-11-30', 'FREQ=WEEKLY;INTERVAL=2'],
    ['x every two weeks on thursday', '2026-12-03', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH'],
    ['x biweekly', '2026-11-30', 'FREQ=WEEKLY;INTERVAL=2'],
    ['x every 15th', '2026-12-15', 'monthly'],
    ['x every 31st', '2026-12-31', 'monthly'],
    ['x every month on the 30th at 9', '2026-12-30 09:00', 'monthly'],
    ['x every 2 months on the 1st', '2026-12-01', 'FREQ=MONTHLY;INTERVAL=2'],
    ['x on the 15th of every month', '2026-12-15', 'monthly'],
    ['x on the last day of every month', '2026-11-30', 'FREQ=MONTHLY;BYMONTHDAY=-1'],
    ['x every last working day of the month', '2026-11-30', 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'],
    ['x every quarter', '2026-11-30', 'FREQ=MONTHLY;INTERVAL=3'],
    ['x every 24 december', '2026-12-24', 'yearly'],
    ['x every year on feb 29', '2028-02-29', 'yearly'],
    ['x every march 3rd', '2027-03-03', 'yearly'],
    ['x every morning', '2026-12-01 09:00', 'daily'],
    ['x every evening', '2026-11-30 18:00', 'daily'],
    ['x every 4 hours', '2026-11-30 14:00', 'FREQ=HOURLY;INTERVAL=4'],
    ['x every week starting tomorrow', '2026-12-01', 'weekly'],
    ['x every day 5 times', '2026-11-30', 'FREQ=DAILY;COUNT=5'],
  ])('%s', (line, due, rule) => {
    const [, day, found] = told(of(line)).split(' | ')
    expect([day, found]).toEqual([due, rule])
  })

  test.each(['Write weekly report', 'Read every word', 'Every breath you take', 'the third man', 'monthly numbers for Ann', 'Ask everyone'])('none in: %s', (line) => {
    expect(of(line).rule).toBeUndefined()
    expect(of(line).title).toBe(line)
  })
})

describe('no date in', () => {
  test.each(['I may go', 'buy sun cream', 'march on', 'version 4.5', 'we sat there', 'second thoughts', '<b>bold</b> & "quotes"', 'شراء الحليب', '買牛奶🥛🥛', '!', '#', '   '])('%s', (line) => {
    expect(of(line)).toMatchObject({ pieces: [], title: line.trim() })
    expect(of(line).due).toBeUndefined()
  })
})

test('what a person takes back stays in the title', () => {
  const line = 'Watch Friday the 13th every day !high'
  const refused = new Set(of(line).pieces.map(refusal))
  expect(of(line, { refused })).toMatchObject({ title: line, pieces: [], tags: [] })
})

test('each piece is where it says', () => {
  const line = 'pay rent every month on the 1st at 9 !high #home'
  for (const piece of of(line).pieces) expect(line.slice(piece.start, piece.end)).toBe(piece.text)
})

test('the day is the one of the zone, at night too', () => {
  const late = { now: Date.parse('2026-11-30T23:30:00Z') }
  expect(of('x tomorrow', late).due).toEqual({ day: '2026-12-02' })
  expect(of('x tomorrow', { ...late, zone: 'America/New_York' }).due).toEqual({ day: '2026-12-01' })
  expect(of('x today', { ...late, zone: 'Pacific/Kiritimati' }).due).toEqual({ day: '2026-12-01' })
})

test('the day comes first in 3/12 where people write so', () => {
  expect(of('x 3/12/2026', { dayFirst: true }).due).toEqual({ day: '2026-12-03' })
  expect(of('x 3/12/2027').due).toEqual({ day: '2027-03-12' })
})

test('no line takes long', () => {
  const lines = ['every '.repeat(500), '#'.repeat(5000), 'a'.repeat(20_000), '1/'.repeat(1000), 'on the first '.repeat(300), '👩‍👩‍👧 '.repeat(400), 'remind me '.repeat(300)]
  const started = performance.now()
  for (const line of lines) of(line)
  expect(performance.now() - started).toBeLessThan(2000)
})
