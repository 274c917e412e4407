import type { NewTask, Task } from '@/api'

/** What a person can change of a task. */
export const FIELDS = ['title', 'description', 'priority', 'category', 'dueDate', 'recurringRule', 'recurringEndDate', 'reminderAt', 'tags', 'timeZone'] as const

export type Field = (typeof FIELDS)[number]

/** Each changed field as it was when the person began, and as they want it. */
export type Changes = { [F in Field]?: { from: Task[F]; to: Task[F] } }

export type Edits = { [F in Field]?: Task[F] }

export function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/** The changes that make the edits of a task; what is as it was is left out. */
export function changesOf(task: Task, edits: Edits): Changes {
  const changes: Record<string, unknown> = {}
  for (const field of FIELDS) {
    if (field in edits && !same(task[field], edits[field])) changes[field] = { from: task[field], to: edits[field] }
  }
  return changes as Changes
}

export function wanted(changes: Changes): Edits {
  return Object.fromEntries(Object.entries(changes).map(([field, change]) => [field, change.to]))
}

/** The second after the first, as one. What comes back to where it began is no change. */
export function joined(first: Changes, second: Changes): Changes {
  const result: Record<string, { from: unknown; to: unknown }> = { ...first }
  for (const [field, change] of Object.entries(second)) {
    result[field] = { from: field in first ? result[field]?.from : change.from, to: change.to }
  }
  return Object.fromEntries(Object.entries(result).filter(([, { from, to }]) => !same(from, to))) as Changes
}

/**
 * Changes made of an older version, against the task as it is now. `rest` still has to be sent, each from
 * its present value; `clashes` are fields that somebody else changed too, to something else.
 */
export function merge(changes: Changes, current: Task): { rest: Changes; clashes: Field[] } {
  const rest: Record<string, unknown> = {}
  const clashes: Field[] = []
  for (const field of FIELDS) {
    const change = changes[field]
    if (!change || same(current[field], change.to)) continue
    if (!same(current[field], change.from)) clashes.push(field)
    rest[field] = change
  }
  return { rest: rest as Changes, clashes }
}

/** The same wishes, now made in full knowledge of the task as it is. */
export function insist(changes: Changes, current: Task): Changes {
  return changesOf(current, wanted(changes))
}

/** A task as it looks before the server has it. */
export function draftTask(id: string, user: string, body: NewTask, at: string): Task {
  return {
    id,
    userId: user,
    title: body.title,
    description: body.description ?? null,
    priority: body.priority as Task['priority'],
    category: body.category as Task['category'],
    status: 'pending',
    completed: false,
    dueDate: body.dueDate ?? null,
    recurringRule: body.recurringRule ?? null,
    recurringEndDate: body.recurringEndDate ?? null,
    parentTaskId: null,
    previousTaskId: null,
    reminderAt: body.reminderAt ?? null,
    reminderSent: false,
    tags: body.tags ?? [],
    timeZone: body.timeZone ?? 'UTC',
    version: 0,
    createdAt: at,
    updatedAt: at,
  }
}

/** A time in the form in which the server stores it, so that both compare as text. */
export function wireTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
