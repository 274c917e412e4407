// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import type { Notification } from '@/api'
import type { ReminderDue } from '@/live'
import { instantOf } from '@/time'
import { arrived, countText, subjectOf } from './changes'
import { dueWords } from './due-words'
import { snoozes } from './snooze'
import { dropWrite, keepWrites, keptWrites, withWrites } from './writes'

const note = (id: string, read = false): Notification => ({ id, userId: 'u', message: `Reminder: ${id}`, taskId: 't', type: 'reminder', read, createdAt: '2026-11-30T09:00:00.000000Z' })

const due = (id: string): ReminderDue => ({
  type: 'notification-created', event_id: 'e', position: 7, timestamp: '2026-11-30T10:00:00.000000Z', user_id: 'u',
  data: { notification_id: id, message: 'Reminder: Water the plants', task_id: 't', due_date: null, late_by: 0.1 },
})

describe('the list of notifications', () => {
  it('has a new one first, unread, with the time of the event', () => {
    const [first, second] = arrived([note('a')], due('b'))
    expect(first).toEqual({ ...note('b'), message: 'Reminder: Water the plants', createdAt: '2026-11-30T10:00:00.000000Z' })
    expect(second?.id).toBe('a')
  })
  it('has one that comes by list and by stream once, and keeps that it was read', () => {
    expect(arrived([note('a', true)], due('a'))).toEqual([note('a', true)])
  })
  it('is as the person wants it while that is not acknowledged', () => {
    const [a, b, c] = [note('a'), note('b'), note('c')]
    const list = withWrites([a, b, c], { a: 'read', c: 'gone' })
    expect(list).toEqual([{ ...a, read: true }, b])
    expect(list[1]).toBe(b)
  })
  it('is read up to the newest one that was in sight when all were', () => {
    const newer = { ...note('b'), createdAt: '2026-11-30T09:00:00.000001Z' }
    expect(withWrites([newer, note('a')], {}, note('a').createdAt)).toEqual([newer, { ...note('a'), read: true }])
  })
  it('counts no further than it can know', () => {
    expect(countText(3, 100)).toBe('3')
    expect(countText(100, 100)).toBe('99+')
  })
  it('names the task, also one that is called like a reminder', () => {
    expect(subjectOf('Reminder: Reminder: call')).toBe('Reminder: call')
  })
})

describe('what was done to notifications', () => {
  it('is kept until it is acknowledged, of each one the last thing', () => {
    keepWrites('u', { a: 'read', b: 'read' })
    keepWrites('u', { a: 'gone' })
    expect(keptWrites('u')).toEqual({ a: 'gone', b: 'read' })
    dropWrite('u', 'a', 'read')
    expect(keptWrites('u')).toEqual({ a: 'gone', b: 'read' })
    dropWrite('u', 'a', 'gone')
    dropWrite('u', 'b', 'read')
    expect(keptWrites('u')).toEqual({})
    expect(keptWrites('another')).toEqual({})
  })
})

describe('when a reminded task is due', () => {
  const now = Date.parse('2026-12-01T12:00:00Z')
  it.each([
    ['a day is the same day wherever one is', '2026-12-01T23:00:00Z', 'Europe/Berlin', 'America/New_York', 'Due tomorrow'],
    ['a bare date that a program gave', '2026-12-02T00:00:00Z', 'UTC', 'America/New_York', 'Due tomorrow'],
    ['a time is the time of who reads it', '2026-12-01T14:30:00Z', 'Europe/Berlin', 'America/New_York', /^Due today, 9:30/],
    ['a weekday keeps its capital', '2026-12-04T23:00:00Z', 'Europe/Berlin', 'Europe/Berlin', 'Due Saturday'],
  ])('%s', (_name, due, timeZone, zone, words) => {
    expect(dueWords(due, timeZone, zone, now)).toMatch(words)
  })
  it('says nothing of a task without a date', () => {
    expect(dueWords(null, 'UTC', 'UTC', now)).toBeUndefined()
  })
})

describe('snoozing', () => {
  const zone = 'Europe/Berlin'
  const at = (hour: number, minute = 0) => instantOf({ year: 2026, month: 11, day: 30, hour, minute }, zone)
  it('offers the evening only while it is well ahead', () => {
    expect(snoozes(at(9), zone).map((s) => s.label)).toContain('This evening')
    expect(snoozes(at(16, 45), zone).map((s) => s.label)).not.toContain('This evening')
  })
  it('means the morning of the day after in the zone, also just before midnight', () => {
    expect(snoozes(at(23, 59), zone).at(-1)?.at).toBe(instantOf({ year: 2026, month: 12, day: 1, hour: 9, minute: 0 }, zone))
  })
  it('is in the future, in order', () => {
    for (const hour of [0, 5, 12, 17, 23]) {
      const times = snoozes(at(hour), zone).map((s) => s.at)
      expect(times.every((t) => t > at(hour))).toBe(true)
    }
  })
})
