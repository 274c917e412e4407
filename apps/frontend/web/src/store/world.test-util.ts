import { ApiError, type NewTask, type Task, type TaskChange } from '@/api'
import type { StreamMessage } from '@/live'
import type { Backend } from './backend'
import { draftTask } from './fields'

type Fault = 'network' | 'timeout' | 'lost' | number

/**
 * The tasks' routes as the server has them: versions, If-Match, Idempotency-Key, one event for each change.
 * `faults` are what comes of the next requests: `lost` is done, and its answer does not arrive.
 */
export class FakeServer implements Backend {
  readonly tasks = new Map<string, Task>()
  readonly events: StreamMessage[] = []
  readonly requests: string[] = []
  readonly faults: Fault[] = []
  /** Called while a request is on its way, before it has its effect. */
  meanwhile: (() => void | Promise<void>) | undefined
  private readonly keys = new Map<string, { body: string; task: Task }>()

  async list() {
    return this.serve('list', () => ({ tasks: [...this.tasks.values()], place: { epoch: 'e', position: this.events.length } }))
  }

  async get(id: string) {
    return this.serve(`get ${id}`, () => this.find(id))
  }

  async create(body: NewTask, key: string) {
    return this.serve(`create ${body.title}`, () => {
      const before = this.keys.get(key)
      if (before && before.body !== JSON.stringify(body)) throw refused(422, 'another body with the same key')
      if (before) return before.task
      if (body.title === '') throw refused(422, 'must not be empty')
      const task = this.add(body)
      this.keys.set(key, { body: JSON.stringify(body), task })
      return task
    })
  }

  async update(id: string, version: number, body: TaskChange) {
    return this.serve(`update ${id} v${version}`, () => this.change(id, body as Partial<Task>, version))
  }

  async toggle(id: string, version: number) {
    return this.serve(`toggle ${id} v${version}`, () => {
      const completed = !this.find(id).completed
      return this.change(id, { completed, status: completed ? 'completed' : 'pending' }, version)
    })
  }

  async remove(id: string, version: number) {
    return this.serve(`remove ${id} v${version}`, () => this.erase(id, version))
  }

  // What another device does.

  add(body: NewTask): Task {
    const id = `t${this.tasks.size + 1}-${this.events.length}`
    const task = { ...draftTask(id, 'ann', body, '2026-12-01T00:00:00.000000Z'), version: 1 }
    this.tasks.set(id, task)
    this.emit('created', {
      task_id: id, title: task.title, description: null, priority: task.priority, category: task.category, tags: task.tags, completed: false, status: 'pending', due_date: task.dueDate,
      recurring_rule: null, recurring_end_date: null, reminder_at: null, reminder_sent: false, time_zone: task.timeZone, version: 1, created_at: task.createdAt, updated_at: task.updatedAt,
    })
    return task
  }

  change(id: string, changes: Partial<Task>, version?: number): Task {
    const task = this.find(id)
    if (version !== undefined && version !== task.version) throw refused(412, 'If-Match does not hold')
    const next = { ...task, ...changes, version: task.version + 1 }
    this.tasks.set(id, next)
    if (changes.completed) this.emit('completed', { task_id: id })
    else this.emit('updated', { task_id: id, changes: Object.fromEntries(Object.entries(changes).map(([k, v]) => [k, { old: null, new: v }])) })
    return next
  }

  erase(id: string, version?: number): void {
    const task = this.find(id)
    if (version !== undefined && version !== task.version) throw refused(412, 'If-Match does not hold')
    this.tasks.delete(id)
    this.emit('deleted', { task_id: id })
  }

  private find(id: string): Task {
    const task = this.tasks.get(id)
    if (!task) throw refused(404, 'no such task')
    return task
  }

  private emit(action: string, data: Record<string, unknown>): void {
    const position = this.events.length + 1
    this.events.push({ type: 'task_update', action, position, event_id: `e${position}`, event_type: '', user_id: 'ann', timestamp: '2026-12-01T01:00:00.000000Z', data } as StreamMessage)
  }

  private async serve<T>(name: string, act: () => T): Promise<T> {
    this.requests.push(name)
    const fault = this.faults.shift()
    const meanwhile = this.meanwhile
    this.meanwhile = undefined
    await meanwhile?.()
    if (fault === 'network' || fault === 'timeout') throw new ApiError(fault, fault)
    if (typeof fault === 'number') throw new ApiError(fault === 429 || fault === 503 ? 'busy' : fault >= 500 ? 'broken' : 'refused', `answered ${fault}`, { status: fault, ...(fault === 429 ? { retryAfterMs: 7000 } : {}) })
    const result = act()
    if (fault === 'lost') throw new ApiError('network', 'the answer was lost')
    return result
  }
}

function refused(status: number, message: string): ApiError {
  return new ApiError('refused', message, { status, fields: status === 422 ? [{ field: 'title', message }] : [] })
}
