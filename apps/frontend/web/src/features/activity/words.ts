import type { StreamEvent } from '@/api'

export type Topic = 'task-created' | 'task-updated' | 'task-completed' | 'task-deleted' | 'reminder-due'

export const TOPICS: readonly { value: Topic; label: string }[] = [
  { value: 'task-created', label: 'task-created' },
  { value: 'task-updated', label: 'task-updated' },
  { value: 'task-completed', label: 'task-completed' },
  { value: 'task-deleted', label: 'task-deleted' },
  { value: 'reminder-due', label: 'reminder-due' },
]

/** What happened, in a few words, and to which task. */
export function summary({ topic, data }: Pick<StreamEvent, 'topic' | 'data'>): { verb: string; title: string } {
  const payload = data as Record<string, unknown>
  const title = typeof payload['title'] === 'string' ? payload['title'] : ''
  switch (topic) {
    case 'task-created':
      return { verb: payload['previous_task_id'] ? 'Next one made' : 'Added', title }
    case 'task-completed':
      return { verb: 'Completed', title }
    case 'task-deleted':
      return { verb: 'Deleted', title }
    case 'reminder-due':
      return { verb: 'Reminder due', title }
    case 'task-updated':
      return { verb: changed(payload['changes']), title }
    default:
      return { verb: topic, title }
  }
}

function changed(changes: unknown): string {
  if (typeof changes !== 'object' || changes === null) return 'Changed'
  const completed = (changes as { completed?: { new?: unknown } }).completed
  if (completed?.new === false) return 'Opened again'
  const names = Object.keys(changes).filter((name) => !follows.has(name))
  if (names.length === 0) return 'reminder_sent' in changes ? 'Reminder marked' : 'Changed'
  return names.length > 3 ? `Changed ${names.length} fields` : `Changed ${names.map((name) => called[name] ?? name.replaceAll('_', ' ')).join(', ')}`
}

/** What changes because something else did. */
const follows = new Set(['status', 'completed', 'reminder_sent', 'series_start', 'series_index'])
const called: Record<string, string> = { reminder_at: 'reminder', recurring_rule: 'repetition', recurring_end_date: 'end of the series' }
