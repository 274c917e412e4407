import { describe, expect, test } from 'vitest'
import type { Task } from '@/api'
import type { StreamMessage } from '@/live'
import { draftTask } from './fields'
import { Replica } from './replica'

const task = (id: string, more: Partial<Task> = {}): Task => ({
  ...draftTask(id, 'ann', { title: id, priority: 'low', category: 'home' }, '2026-12-01T00:00:00.000000Z'),
  version: 1,
  ...more,
})
const message = (position: number, action: string, data: Record<string, unknown>): StreamMessage =>
  ({ type: 'task_update', action, position, event_id: `e${position}`, event_type: '', user_id: 'ann', timestamp: '2026-12-01T01:00:00.000000Z', data }) as StreamMessage
const renamed = (position: number, id: string, title: string) => message(position, 'updated', { task_id: id, changes: { title: { old: '', new: title } } })

function loaded(...tasks: Task[]): Replica {
  const replica = new Replica('ann')
  replica.load(tasks)
  return replica
}

describe('the stream', () => {
  test('a created task is there as the event has it', () => {
    const replica = loaded()
    replica.apply(message(1, 'created', { task_id: 'a', title: 'Milk', due_date: '2026-12-02T00:00:00.000000Z', recurring_rule: 'daily', time_zone: 'Europe/Berlin', tags: ['x'], version: 1, series_index: 0 }))
    expect(replica.get('a')).toEqual({ id: 'a', userId: 'ann', title: 'Milk', dueDate: '2026-12-02T00:00:00.000000Z', recurringRule: 'daily', timeZone: 'Europe/Berlin', tags: ['x'], version: 1 })
  })

  test('each event is one version', () => {
    const replica = loaded(task('a', { reminderAt: '2026-12-01T00:30:00.000000Z' }))
    replica.apply(renamed(1, 'a', 'Oat milk'))
    replica.apply({ type: 'notification-created', position: 2, event_id: 'n', user_id: 'ann', timestamp: '', data: { notification_id: 'n', message: '', task_id: 'a', due_date: null, late_by: 0 } })
    replica.apply(message(3, 'completed', { task_id: 'a' }))
    expect(replica.get('a')).toMatchObject({ title: 'Oat milk', reminderSent: true, completed: true, status: 'completed', version: 4, updatedAt: '2026-12-01T01:00:00.000000Z' })
  })

  test('a deleted task is gone', () => {
    const replica = loaded(task('a'))
    replica.apply(message(1, 'deleted', { task_id: 'a' }))
    expect(replica.all()).toEqual([])
  })
})

describe('an answer to an own write', () => {
  test('shows before its event, which then changes nothing', () => {
    const replica = loaded(task('a'))
    replica.confirm('a', task('a', { title: 'mine', version: 2 }))
    expect(replica.get('a')).toMatchObject({ title: 'mine', version: 2 })
    replica.apply(renamed(1, 'a', 'mine'))
    expect(replica.get('a')).toMatchObject({ title: 'mine', version: 2 })
  })

  test('that comes after its event, and after a later one, is not shown again', () => {
    const replica = loaded(task('a'))
    replica.apply(renamed(1, 'a', 'mine'))
    replica.apply(renamed(2, 'a', 'theirs'))
    replica.confirm('a', task('a', { title: 'mine', version: 2 }))
    expect(replica.get('a')).toMatchObject({ title: 'theirs', version: 3 })
  })

  test("of another's later change is shown until the stream is there", () => {
    const replica = loaded(task('a'))
    replica.confirm('a', task('a', { title: 'mine', version: 3 }))
    replica.apply(renamed(1, 'a', 'theirs'))
    expect(replica.get('a')).toMatchObject({ title: 'mine', version: 3 })
    replica.apply(renamed(2, 'a', 'mine'))
    expect(replica.stored('a')).toEqual(replica.get('a'))
  })

  test('brings back no task that was deleted before it came', () => {
    const replica = loaded(task('a'))
    replica.apply(message(1, 'deleted', { task_id: 'a' }))
    replica.confirm('a', task('a', { version: 2 }))
    expect(replica.get('a')).toBeUndefined()
  })

  test('a new task is there once, by the answer and by the event', () => {
    const replica = loaded()
    replica.confirm('a', task('a'))
    expect(replica.all()).toHaveLength(1)
    replica.apply(message(1, 'created', { task_id: 'a', title: 'a', version: 1 }))
    expect(replica.all()).toHaveLength(1)
  })

  test('a deletion hides the task, until its event and after it', () => {
    const replica = loaded(task('a'))
    replica.confirm('a', null)
    expect(replica.all()).toEqual([])
    replica.apply(message(1, 'deleted', { task_id: 'a' }))
    expect(replica.all()).toEqual([])
  })

  test('is forgotten for a list that was asked for after it, and not for one that was asked for before', () => {
    const replica = loaded(task('a'))
    replica.confirm('b', task('b'))
    const before = replica.answers()
    replica.confirm('c', task('c'))
    replica.load([task('a')], before)
    expect(replica.all().map((t) => t.id)).toEqual(['a', 'c'])
  })
})
