import { describe, expect, test } from 'vitest'
import { addDays, dayOf, daysBetween, instantOf, localOf, startOfDay } from './zone'

const iso = (ms: number) => new Date(ms).toISOString()
const at = (text: string) => {
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0] = text.split(/[- :]/).map(Number)
  return { year: y, month: mo, day: d, hour: h, minute: mi }
}

describe('a local time becomes an instant as core/recurrence says', () => {
  test.each([
    ['an ordinary time', 'Europe/Berlin', '2026-12-01 09:30', '2026-12-01T08:30:00.000Z'],
    ['one that the clocks jump over: the end of the gap', 'Europe/Berlin', '2027-03-28 02:30', '2027-03-28T01:00:00.000Z'],
    ['one that exists twice: the first', 'Europe/Berlin', '2027-10-31 02:30', '2027-10-31T00:30:00.000Z'],
    ['a whole day that is jumped over', 'Pacific/Apia', '2011-12-30 12:00', '2011-12-30T10:00:00.000Z'],
    ['half an hour of daylight saving', 'Australia/Lord_Howe', '2027-10-03 02:15', '2027-10-02T15:30:00.000Z'],
    ['behind UTC', 'America/New_York', '2027-03-14 02:30', '2027-03-14T07:00:00.000Z'],
    ['far ahead of UTC', 'Pacific/Kiritimati', '2026-12-01 00:00', '2026-11-30T10:00:00.000Z'],
  ])('%s', (_name, zone, local, instant) => {
    expect(iso(instantOf(at(local), zone))).toBe(instant)
  })

  test('any time of a year comes back', () => {
    for (const zone of ['Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'UTC']) {
      for (let ms = Date.UTC(2027, 0, 1); ms < Date.UTC(2028, 0, 1); ms += 7 * 3_600_000) {
        const again = instantOf(localOf(ms, zone), zone)
        // In the hour that exists twice the first one is meant.
        expect(ms - again === 0 || (ms - again > 0 && ms - again <= 3_600_000), `${zone} ${iso(ms)}`).toBe(true)
      }
    }
  })
})

test('a day begins at its first instant, where there is no midnight too', () => {
  expect(iso(startOfDay('2027-03-26', 'Asia/Beirut'))).toBe('2027-03-25T22:00:00.000Z')
  expect(localOf(startOfDay('2027-03-28', 'Asia/Beirut'), 'Asia/Beirut')).toMatchObject({ day: 28, hour: 1, minute: 0 })
})

test('the day is the one of the zone', () => {
  expect(dayOf(Date.parse('2026-11-30T23:30:00Z'), 'Europe/Berlin')).toBe('2026-12-01')
  expect(dayOf(Date.parse('2026-12-01T04:30:00Z'), 'America/New_York')).toBe('2026-11-30')
})

test('days are counted on the calendar, whatever the clocks do', () => {
  expect(addDays('2027-03-27', 2)).toBe('2027-03-29')
  expect(addDays('2028-02-28', 1)).toBe('2028-02-29')
  expect(daysBetween('2027-10-30', '2027-11-01')).toBe(2)
})
