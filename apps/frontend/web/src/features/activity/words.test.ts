import { describe, expect, it } from 'vitest'
import type { StreamEvent } from '@/api'
import { summary } from './words'

const say = (topic: string, data: unknown) => summary({ topic, data: data as StreamEvent['data'] })

describe('an event in a few words', () => {
  it.each([
    ['task-created', { title: 'A', previous_task_id: null }, 'Added'],
    ['task-created', { title: 'A', previous_task_id: 'p' }, 'Next one made'],
    ['task-completed', { title: 'A' }, 'Completed'],
    ['task-deleted', { title: 'A' }, 'Deleted'],
    ['reminder-due', { title: 'A' }, 'Reminder due'],
    ['task-updated', { title: 'A', changes: { status: {}, completed: { old: true, new: false } } }, 'Opened again'],
    ['task-updated', { title: 'A', changes: { due_date: {}, tags: {} } }, 'Changed due date, tags'],
    ['task-updated', { title: 'A', changes: { reminder_at: {}, reminder_sent: {} } }, 'Changed reminder'],
    ['task-updated', { title: 'A', changes: { reminder_sent: {} } }, 'Reminder marked'],
    ['task-updated', { title: 'A', changes: { a: {}, b: {}, c: {}, d: {} } }, 'Changed 4 fields'],
    ['task-updated', { title: 'A' }, 'Changed'],
    ['task-moved', { title: 'A' }, 'task-moved'],
  ])('%s %o is %s', (topic, data, verb) => {
    expect(say(topic, data)).toEqual({ verb, title: 'A' })
  })
  it('does without a title', () => {
    expect(say('task-deleted', {}).title).toBe('')
  })
})
