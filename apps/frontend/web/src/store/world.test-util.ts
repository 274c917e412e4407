import { ApiError, type NewTask, type Task, type TaskChange } from '@/api'
import type { StreamMessage } from '@/live'
import type { Backend, Seen } from './backend'
import { draftTask } from './fields'
import { Keep } from './keep'
import { Tabs } from './tabs'
import { TaskStore, type Row } from './tasks'

export type Fault = 'network' | 'timeout' | 'lost' | number

/**
 * The tasks' routes as the server has them: versions, If-Match, Idempotency-Key, one event for each change.
 * `faults` are what comes of the next requests: `lost` is done, and its answer does not arrive.
 */
export class FakeServer implements Backend {
  readonly tasks = new Map<string, Task>()
  readonly events: StreamMessage[] = []
  epoch = 'e'
  readonly requests: string[] = []
  readonly faults: Fault[] = []
  /** Called while a request is on its way, before it has its effect. */
  meanwhile: (() => unknown) | undefined
  private readonly keys = new Map<string, { body: string; task: Task }>()

  async list() {
    return this.serve('list', () => ({ tasks: [...this.tasks.values()], place: { epoch: this.epoch, position: this.events.length } }))
  }

  async get(id: string) {
    return this.serve(`get ${id}`, () => this.find(id))
  }

  async create(body: NewTask, key: string) {
    return this.serve(`create ${body.title}`, () => {
      const before = this.keys.get(key)
      if (before && before.body !== JSON.stringify(body)) throw refused(422, 'another body with the same key', 'Idempotency-Key')
      if (before) return before.task
      if (body.title === '') throw refused(422, 'must not be empty')
      const task = this.add(body)
      this.keys.set(key, { body: JSON.stringify(body), task })
      return task
    })
  }

  async update(id: string, seen: Seen, body: TaskChange) {
    return this.serve(`update ${id} v${seen.version}`, () => this.change(id, body as Partial<Task>, seen))
  }

  async toggle(id: string, seen: Seen) {
    return this.serve(`toggle ${id} v${seen.version}`, () => {
      const completed = !this.find(id).completed
      return this.change(id, { completed, status: completed ? 'completed' : 'pending' }, seen)
    })
  }

  async remove(id: string, seen: Seen) {
    return this.serve(`remove ${id} v${seen.version}`, () => this.erase(id, seen))
  }

  keysUsed(): string[] {
    return [...this.keys.keys()]
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

  change(id: string, changes: Partial<Task>, seen?: Seen): Task {
    const task = this.find(id)
    this.match(task, seen)
    const next = { ...task, ...changes, version: task.version + 1 }
    this.tasks.set(id, next)
    if (changes.completed) this.emit('completed', { task_id: id })
    else this.emit('updated', { task_id: id, changes: Object.fromEntries(Object.entries(changes).map(([k, v]) => [k, { old: null, new: v }])) })
    return next
  }

  erase(id: string, seen?: Seen): void {
    this.match(this.find(id), seen)
    this.tasks.delete(id)
    this.emit('deleted', { task_id: id })
  }

  /** The database is replaced by a backup of it, which has these tasks. */
  restore(...tasks: Task[]): void {
    this.tasks.clear()
    for (const task of tasks) this.tasks.set(task.id, task)
    this.events.length = 0
    this.epoch += '+'
  }

  private match(task: Task, seen: Seen | undefined): void {
    if (seen && (seen.version !== task.version || (seen.epoch ?? this.epoch) !== this.epoch)) throw refused(412, 'If-Match does not hold')
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
    if (typeof fault === 'number') throw new ApiError(fault === 429 || fault === 503 ? 'busy' : fault >= 500 ? 'broken' : 'refused', `answered ${fault}`, { status: fault, ...(ASKS[fault] === undefined ? {} : { retryAfterMs: ASKS[fault] }) })
    const result = act()
    if (fault === 'lost') throw new ApiError('network', 'the answer was lost')
    return result
  }
}

function refused(status: number, message: string, field = 'title'): ApiError {
  return new ApiError('refused', message, { status, fields: status === 422 ? [{ field, message }] : [] })
}

/** The locks of one browser. Each tab has its own view of them, and loses what it holds when it is closed. */
export class Browser {
  private readonly held = new Map<string, { tab: object; end: () => void }>()
  private readonly waiting: { name: string; tab: object; begin: () => void }[] = []

  tab(): { locks: LockManager; close(): void } {
    const tab = {}
    const request = (name: string, work: () => Promise<void>) =>
      new Promise<void>((done, failed) => {
        const begin = () => {
          this.held.set(name, { tab, end: done })
          void work().then(done, failed).finally(() => this.held.get(name)?.tab === tab && this.release(name))
        }
        if (this.held.has(name)) this.waiting.push({ name, tab, begin })
        else begin()
      })
    const query = () => Promise.resolve({ held: [...this.held.keys()].map((name) => ({ name })), pending: [] })
    const close = () => {
      for (const [i, one] of [...this.waiting.entries()].reverse()) if (one.tab === tab) this.waiting.splice(i, 1)
      for (const [name, one] of [...this.held]) if (one.tab === tab) this.release(name)
    }
    return { locks: { request, query } as unknown as LockManager, close }
  }

  private release(name: string): void {
    this.held.delete(name)
    const next = this.waiting.findIndex((one) => one.name === name)
    if (next >= 0) this.waiting.splice(next, 1)[0]?.begin()
  }
}

/** Writes some time after it is told to, as browsers do; what is not written when its tab is gone never is. */
class SlowKeep extends Keep {
  gone = false
  private readonly writes = new Set<Promise<boolean>>()

  override writeOps(...args: Parameters<Keep['writeOps']>): Promise<boolean> {
    const write = this.slowly(args)
    this.writes.add(write)
    return write.finally(() => this.writes.delete(write))
  }

  override note(...args: Parameters<Keep['note']>): void {
    if (!this.gone) super.note(...args)
  }

  override strike(...args: Parameters<Keep['strike']>): void {
    if (!this.gone) super.strike(...args)
  }

  /** Resolves when nothing is left to write. */
  async quiet(): Promise<void> {
    do {
      // What was told just now is asked for when its promises are through.
      await new Promise((resolve) => setTimeout(resolve, 0))
      await Promise.all(this.writes)
    } while (this.writes.size > 0)
  }

  private async slowly(args: Parameters<Keep['writeOps']>): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, 1))
    return this.gone ? new Promise(() => undefined) : super.writeOps(...args)
  }
}

/** How long it asks to wait, by the status. */
const ASKS: Record<number, number> = { 429: 7000, 503: 500 }

let worlds = 0

/** A server, and a browser with its database and its tabs. */
export class World {
  readonly server = new FakeServer()
  readonly browser = new Browser()
  readonly name = `world-${++worlds}`
  time = 1_800_000_000_000
  private readonly tabs = new Map<TaskStore, { keep: SlowKeep; close(): void }>()

  /** `locks`: whether the browser has them for this page. */
  async open({ locks = true, named }: { locks?: boolean; named?: (before: string, id: string) => void } = {}): Promise<TaskStore> {
    const tab = this.browser.tab()
    const tabs = new Tabs(this.name, locks ? tab.locks : undefined)
    const keep = new SlowKeep(this.name)
    const store = new TaskStore('ann', { backend: this.server, keep, tabs, now: () => this.time, ...(named ? { named } : {}) })
    this.tabs.set(store, { keep, close: tab.close })
    await store.open()
    return store
  }

  async loaded(...titles: string[]): Promise<TaskStore> {
    for (const title of titles) this.server.add(body(title))
    const store = await this.open()
    await store.reload()
    return store
  }

  /** The tab is gone, as when it is killed: nothing is said before. */
  close(store: TaskStore): void {
    const tab = this.tabs.get(store)
    if (tab) tab.keep.gone = true
    store.close()
    tab?.close()
    this.tabs.delete(store)
  }

  /** Resolves when what a tab was told to write is written. */
  async kept(store: TaskStore): Promise<void> {
    await this.tabs.get(store)?.keep.quiet()
  }

  end(): void {
    for (const store of [...this.tabs.keys()]) this.close(store)
  }

  /** What changed something, or was to: without lists and looks. */
  writes(): string[] {
    return this.server.requests.filter((r) => !/^(list|get)/.test(r))
  }

  titles(): string[] {
    return [...this.server.tasks.values()].map((task) => task.title).sort()
  }
}

export const body = (title: string): NewTask => ({ title, priority: 'low', category: 'home' })

export function rowOf(store: TaskStore, title: string): Row {
  const row = store.snapshot().rows.find((r) => r.task.title === title)
  if (!row) throw new Error(`no row ${title}`)
  return row
}
