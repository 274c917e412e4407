import type { Task } from '@/api'
import type { StreamMessage, TaskUpdate } from '@/live'

const NAMES: Record<string, keyof Task> = {
  title: 'title',
  description: 'description',
  priority: 'priority',
  category: 'category',
  status: 'status',
  completed: 'completed',
  due_date: 'dueDate',
  recurring_rule: 'recurringRule',
  recurring_end_date: 'recurringEndDate',
  reminder_at: 'reminderAt',
  reminder_sent: 'reminderSent',
  tags: 'tags',
  time_zone: 'timeZone',
  parent_task_id: 'parentTaskId',
  previous_task_id: 'previousTaskId',
  version: 'version',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
}

/**
 * The user's tasks as the server has them: a list with the stream applied to it, and on top of it the
 * answers to this page's own writes that the stream has not reached yet. Each version of a task has
 * exactly one event, so a task's version says which of the two is newer.
 */
export class Replica {
  private base = new Map<string, Task>()
  /** Answers ahead of the stream; null is a deletion. */
  private ahead = new Map<string, Task | null>()
  private deleted = new Set<string>()

  constructor(private readonly user: string) {}

  /** Takes a list in place of everything that was known before it was asked for; `before`: the answers at that time. */
  load(tasks: Task[], before: ReadonlyMap<string, Task | null> = new Map()): void {
    this.base = new Map(tasks.map((task) => [task.id, task]))
    this.deleted.clear()
    for (const [id, answer] of before) if (this.ahead.get(id) === answer) this.ahead.delete(id)
    for (const id of [...this.ahead.keys()]) this.settle(id)
  }

  /** The answers that the stream has not reached. */
  answers(): ReadonlyMap<string, Task | null> {
    return new Map(this.ahead)
  }

  get(id: string): Task | undefined {
    const answer = this.ahead.get(id)
    return answer === undefined ? this.base.get(id) : (answer ?? undefined)
  }

  all(): Task[] {
    if (this.ahead.size === 0) return [...this.base.values()]
    const result: Task[] = []
    for (const task of this.base.values()) {
      const answer = this.ahead.get(task.id)
      if (answer === undefined) result.push(task)
      else if (answer) result.push(answer)
    }
    for (const [id, answer] of this.ahead) if (answer && !this.base.has(id)) result.push(answer)
    return result
  }

  /** As the stream has it: what is stored. */
  stored(id: string): Task | undefined {
    return this.base.get(id)
  }

  storedTasks(): Task[] {
    return [...this.base.values()]
  }

  /** Takes the answer to a write; null says that the task is gone. */
  confirm(id: string, answer: Task | null): void {
    if (answer && this.deleted.has(id)) return
    const known = this.ahead.get(id)
    if (answer && known && known.version > answer.version) return
    this.ahead.set(id, answer)
    this.settle(id)
  }

  /** Applies a message of the stream. Returns the id of the task that it changed. */
  apply(message: StreamMessage): string | undefined {
    const id = String(message.data['task_id'])
    if (message.type === 'notification-created') this.patch(id, { reminderSent: true }, undefined)
    else if (message.type === 'task_update') this.update(id, message)
    else return undefined
    this.settle(id)
    return id
  }

  private update(id: string, { action, data, timestamp }: TaskUpdate): void {
    if (action === 'created') this.base.set(id, taskOf(id, this.user, data))
    else if (action === 'completed') this.patch(id, { completed: true, status: 'completed' }, timestamp)
    else if (action === 'updated') this.patch(id, news(data['changes']), timestamp)
    else if (this.base.delete(id)) this.deleted.add(id)
  }

  private patch(id: string, changes: Partial<Task>, at: string | undefined): void {
    const task = this.base.get(id)
    if (task) this.base.set(id, { ...task, ...changes, version: task.version + 1, updatedAt: at ?? task.updatedAt })
  }

  /** Drops an answer that the stream has reached. */
  private settle(id: string): void {
    const answer = this.ahead.get(id)
    if (answer === undefined) return
    const task = this.base.get(id)
    if (answer === null ? !task : this.deleted.has(id) || (task !== undefined && task.version >= answer.version)) this.ahead.delete(id)
  }
}

function taskOf(id: string, user: string, data: Record<string, unknown>): Task {
  return { id, userId: user, ...fieldsOf(data) } as Task
}

function fieldsOf(data: Record<string, unknown>): Partial<Task> {
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(data)) {
    const field = NAMES[name]
    if (field) fields[field] = value
  }
  return fields as Partial<Task>
}

function news(changes: unknown): Partial<Task> {
  const fields = Object.entries((changes ?? {}) as Record<string, { new: unknown }>).map(([name, change]) => [name, change.new])
  return fieldsOf(Object.fromEntries(fields) as Record<string, unknown>)
}
