// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import type { AuditEntry } from '@/api'
import { tell, type Fields } from './sentences'

const context = { reader: 'ada', zone: 'Europe/Berlin', taskZone: 'America/New_York', today: '2026-11-30' }

function entry(eventType: AuditEntry['eventType'], old: Fields | null, now: Fields | null, userId = 'ada'): AuditEntry {
  return { id: 'e', eventType, entityType: 'task', entityId: 't', userId, timestamp: '2026-11-30T09:00:00.000000Z', data: { title: 'Rent', old, new: now } as AuditEntry['data'] }
}

const said = (e: AuditEntry) => tell(e, context).deeds.map((d) => d.text).join(' ')

describe('the life of a task in sentences', () => {
  it('says how it began', () => {
    const told = tell(entry('created', null, { title: 'Rent', priority: 'high', category: 'home', due_date: '2026-12-01T08:00:00.000000Z', recurring_rule: 'monthly', tags: ['flat'], description: 'To the new account', previous_task_id: null, time_zone: 'Europe/Berlin' }), context)
    expect(told.kind).toBe('created')
    expect(told.deeds[0]?.text).toBe('You added it.')
    expect(told.deeds[1]?.text).toMatch(/^High priority, home, due tomorrow, 9:00.*every month.*#flat\.$/)
    expect(told.deeds[2]).toEqual({ text: 'With notes:', after: 'To the new account' })
  })
  it('says that nobody made the next one of a series', () => {
    const told = tell(entry('created', null, { priority: 'low', category: 'home', previous_task_id: 'p' }), context)
    expect(told.kind).toBe('repeated')
    expect(told.deeds[0]?.text).not.toContain('You')
  })
  it.each<[string, Fields, Fields, string]>([
    ['title', { title: 'Rent' }, { title: 'Pay rent' }, 'You renamed it from “Rent” to “Pay rent”.'],
    ['priority', { priority: 'low' }, { priority: 'high' }, 'You changed the priority from low to high.'],
    ['due date set', { due_date: null }, { due_date: '2026-11-29T23:30:00.000000Z' }, 'You set the due date to today, 12:30 AM.'],
    ['due day', { due_date: null }, { due_date: '2026-12-02T05:00:00.000000Z' }, 'You set the due date to Wednesday.'],
    ['a rule that is not of this page', { recurring_rule: null }, { recurring_rule: 'FREQ=DAILY;BYHOUR=9' }, 'You made it repeat by a rule of its own.'],
    ['due date removed', { due_date: '2026-12-01T08:00:00.000000Z' }, { due_date: null }, 'You removed the due date, which was tomorrow, 9:00 AM.'],
    ['tags', { tags: ['a', 'b'] }, { tags: ['b', 'c'] }, 'You added #c and removed #a.'],
    ['order of tags', { tags: ['a', 'b'] }, { tags: ['b', 'a'] }, 'You put the tags into another order.'],
    ['repetition ends', { recurring_rule: 'daily' }, { recurring_rule: null }, 'You stopped the repetition, which was every day.'],
    ['opened', { completed: true, status: 'completed' }, { completed: false, status: 'pending' }, 'You opened it again.'],
    ['a field of tomorrow', { colour: null }, { colour: 'red' }, 'You changed colour from nothing to “red”.'],
    ['only what follows', { series_index: 1 }, { series_index: 0 }, 'You changed it.'],
  ])('%s', (_name, old, now, want) => {
    expect(said(entry('updated', old, now)).replaceAll('\u202f', ' ')).toBe(want)
  })
  it('says several changes at once, each as a sentence', () => {
    const told = tell(entry('updated', { title: 'A', priority: 'low', reminder_sent: true }, { title: 'B', priority: 'high', reminder_sent: false }), context)
    expect(told.deeds.map((d) => d.text)).toEqual(['You renamed it from “A” to “B”.', 'Changed the priority from low to high.'])
  })
  it('begins with what is most of a change, whatever order it comes in', () => {
    const told = tell(entry('updated', { description: null, tags: [], title: 'A' }, { description: 'x', tags: ['t'], title: 'B' }), context)
    expect(told.deeds.map((d) => d.text)).toEqual(['You renamed it from “A” to “B”.', 'Added #t.', 'Wrote notes:'])
  })
  it('shows a description before and after', () => {
    expect(tell(entry('updated', { description: 'old' }, { description: 'new' }), context).deeds).toEqual([{ text: 'You changed the notes:', before: 'old', after: 'new' }])
  })
  it('does not say that a person marked a reminder', () => {
    const told = tell(entry('updated', { reminder_sent: false }, { reminder_sent: true }), context)
    expect(told.kind).toBe('sent')
    expect(told.deeds[0]?.text).not.toContain('You')
  })
  it('names somebody else', () => {
    expect(said(entry('completed', {}, {}, 'bob'))).toBe('bob completed it.')
    expect(said(entry('deleted', {}, null))).toBe('You deleted it.')
  })
})
