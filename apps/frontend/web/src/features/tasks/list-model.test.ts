import { describe, expect, test } from 'vitest'
import type { Task } from '@/api'
import { draftTask } from '@/store/fields'
import type { Row } from '@/store'
import { fold, itemsOf, tagsOf, todayCounts, type Scene } from './list-model'

const zone = 'Europe/Berlin'
// 10:00 on Monday, 30 November 2026.
const scene: Scene = { view: 'all', search: {}, zone, today: '2026-11-30', now: Date.parse('2026-11-30T09:00:00Z'), lingering: new Set() }

let made = 0
function row(title: string, more: Partial<Task> = {}): Row {
  const id = `t${++made}`
  const createdAt = `2026-11-01T00:00:${String(made % 60).padStart(2, '0')}.000000Z`
  return { key: id, state: 'saved', ops: [], task: { ...draftTask(id, 'ann', { title, priority: 'medium', category: 'other', timeZone: zone }, createdAt), version: 1, ...more } }
}
const day = (d: string) => ({ dueDate: `${new Date(Date.parse(`${d}T00:00:00+01:00`)).toISOString().slice(0, 19)}.000000Z` })
const time = (d: string, t: string) => ({ dueDate: `${new Date(Date.parse(`${d}T${t}:00+01:00`)).toISOString().slice(0, 19)}.000000Z` })
const done = (updatedAt: string) => ({ completed: true, status: 'completed' as const, updatedAt })

/** Headings as "# Today", rows by their titles; "!" is overdue. */
function shown(rows: Row[], more: Partial<Scene> = {}): string[] {
  return itemsOf(rows, { ...scene, ...more }).map((item) => (item.kind === 'header' ? `# ${item.title} ${item.count}` : `${item.overdue ? '!' : ''}${item.row.task.title}`))
}

const everything = () => [
  row('none'),
  row('late', day('2026-11-28')),
  row('today', day('2026-11-30')),
  row('now', time('2026-11-30', '09:30')),
  row('evening', time('2026-11-30', '20:00')),
  row('tomorrow', day('2026-12-01')),
  row('friday', day('2026-12-04')),
  row('january', day('2027-01-10')),
  row('done', { ...day('2026-11-30'), ...done('2026-11-30T08:00:00.000000Z') }),
  row('done before', done('2026-11-28T08:00:00.000000Z')),
]

describe('a list', () => {
  test('of all has what is open by when it is due, times before the day that has them', () => {
    expect(shown(everything())).toEqual(['# Overdue 1', '!late', '# Today 3', '!now', 'evening', 'today', '# Tomorrow 1', 'tomorrow', '# Friday 1', 'friday', '# Later 1', 'january', '# No date 1', 'none'])
  })

  test('of today has what is due up to today', () => {
    expect(shown(everything(), { view: 'today' })).toEqual(['# Overdue 1', '!late', '# Today 3', '!now', 'evening', 'today'])
  })

  test('of what is ahead has every day after today', () => {
    expect(shown(everything(), { view: 'upcoming' })).toEqual(['# Tomorrow 1', 'tomorrow', '# Friday 1', 'friday', '# Sun, Jan 10, 2027 1', 'january'])
  })

  test('of what is completed has the latest first', () => {
    expect(shown(everything(), { view: 'completed' })).toEqual(['# Today 1', 'done', '# Sat, Nov 28 1', 'done before'])
  })

  test('shows a row that was completed a moment ago where it was', () => {
    const rows = everything()
    const key = rows.find((r) => r.task.title === 'done')?.key ?? ''
    expect(shown(rows, { view: 'today', lingering: new Set([key]) })).toContain('done')
  })

  test('changes at midnight: what was ahead is today, what was today is late', () => {
    expect(shown([row('a', day('2026-11-30')), row('b', day('2026-12-01'))], { view: 'today', today: '2026-12-01', now: Date.parse('2026-11-30T23:00:01Z') })).toEqual(['# Overdue 1', '!a', '# Today 1', 'b'])
  })
})

describe('when a task is due', () => {
  test('on a day is that day in every zone', () => {
    const tokyo = row('tokyo', { dueDate: '2026-11-29T15:00:00.000000Z', timeZone: 'Asia/Tokyo' })
    const bare = row('bare date of the API', { dueDate: '2026-11-30T00:00:00.000000Z', timeZone: 'UTC' })
    for (const where of ['Asia/Tokyo', 'America/Los_Angeles', 'Europe/Berlin']) {
      expect(itemsOf([tokyo, bare], { ...scene, zone: where }).filter((i) => i.kind === 'task').map((i) => i.due)).toEqual([{ day: '2026-11-30' }, { day: '2026-11-30' }])
    }
  })

  test('at a time is that instant in the zone of the person', () => {
    const call = row('call', { dueDate: '2026-11-30T23:30:00.000000Z', timeZone: 'UTC' })
    expect(itemsOf([call], scene).find((i) => i.kind === 'task')).toMatchObject({ due: { day: '2026-12-01', time: { hour: 0, minute: 30 } } })
  })

  test('in a zone that this browser does not know counts as UTC', () => {
    expect(itemsOf([row('x', { dueDate: '2026-11-30T00:00:00.000000Z', timeZone: 'Mars/Olympus' })], scene).find((i) => i.kind === 'task')).toMatchObject({ due: { day: '2026-11-30' } })
  })
})

describe('order', () => {
  const rows = [row('b 10', { priority: 'low' }), row('B 9', { priority: 'high' }), row('ä', { priority: 'high', ...day('2026-12-01') })]
  test.each([
    ['priority', ['# High priority 2', 'ä', 'B 9', '# Low priority 1', 'b 10']],
    ['newest', ['ä', 'B 9', 'b 10']],
    ['title', ['ä', 'B 9', 'b 10']],
    ['nonsense', ['# Tomorrow 1', 'ä', '# No date 2', 'B 9', 'b 10']],
  ])('by %s', (sort, expected) => {
    expect(shown(rows, { search: { sort } })).toEqual(expected)
  })
})

describe('search', () => {
  const rows = [row('Crème brûlée', { tags: ['shop'] }), row('<b>Bold</b>', { description: 'with notes 50%' }), row('done creme', done('2026-11-30T08:00:00.000000Z')), row('شراء الحليب')]
  test.each([
    ['creme', ['# Open 1', 'Crème brûlée', '# Completed 1', 'done creme']],
    ['CRÈME done', ['# Completed 1', 'done creme']],
    ['50%', ['# Open 1', '<b>Bold</b>']],
    ['<b>', ['# Open 1', '<b>Bold</b>']],
    ['shop', ['# Open 1', 'Crème brûlée']],
    ['الحليب', ['# Open 1', 'شراء الحليب']],
    ['.*', []],
  ])('%s', (q, expected) => {
    expect(shown(rows, { view: 'today', search: { q } })).toEqual(expected)
  })

  test('filters are all in force', () => {
    const some = [row('a', { priority: 'high', category: 'home', tags: ['x'] }), row('b', { priority: 'high', category: 'home' }), row('c', { priority: 'high', tags: ['x'] })]
    expect(shown(some, { search: { priority: 'high', category: 'home', tag: 'x' } })).toEqual(['# No date 1', 'a'])
    expect(shown(some, { search: { priority: 'nonsense' } })).toEqual([])
  })
})

test('tags are offered by use, those of open tasks first', () => {
  expect(tagsOf([row('a', { tags: ['x', 'y'] }), row('b', { tags: ['y'] }), row('c', { tags: ['z'], ...done('2026-11-30T08:00:00.000000Z') })])).toEqual(['y', 'x', 'z'])
})

test('how far today is', () => {
  expect(todayCounts(everything(), zone, '2026-11-30')).toEqual({ open: 4, done: 1 })
})

test('words are compared without accents and case', () => {
  expect(fold('ÀÉ İstanbul')).toBe(fold('àé i̇STANBUL'))
})
