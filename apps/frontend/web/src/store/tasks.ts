import { ApiError, tokenAtHand, type NewTask, type Task } from '@/api'
import type { Place, StreamMessage } from '@/live'
import { now } from '@/time'
import { conditions, restBackend, type Backend, type Seen } from './backend'
import { compacted } from './compact'
import { dropEdits, moveDrafts } from './drafts'
import { changesOf, draftTask, FIELDS, insist, same, wireTime, type Edits } from './fields'
import { Keep, type StorageState } from './keep'
import { foresee, isNew, notBefore, type Op } from './ops'
import { Queue } from './queue'
import { Replica } from './replica'
import { Sender } from './sender'
import { Tabs, type News } from './tabs'
import { uuid } from './uuid'

/** What other tabs say in so short a time is looked at once. */
const HEAR_MS = 20

/** `sending`: it has changes that the server has not acknowledged. */
export type RowState = 'saved' | 'sending' | 'failed' | 'conflict'

/** A task as the page shows it: as the server has it, with the person's own changes on top. */
export type Row = {
  /** Stays the same for as long as the page is open, also when the server gives a new task its id. */
  key: string
  task: Task
  state: RowState
  ops: Op[]
}

export type View = {
  /** There is a list, kept or loaded. */
  loaded: boolean
  /** Why there is none. */
  error: ApiError | undefined
  rows: readonly Row[]
  byKey: ReadonlyMap<string, Row>
  storage: StorageState
  /** How many writes are on their way, and how many wait for the person. */
  waiting: number
  stuck: number
  /** The server asked that nothing be sent before; it may be over. 0 if it never did. */
  notBefore: number
}

/** A deletion that can be undone until it is sent. It is sent when the page is left, or closed, at the latest. */
export type Deletion = { undo(): void; send(): void }

type Parts = {
  keep?: Keep
  backend?: Backend
  tabs?: Tabs
  now?: () => number
  /** The server gave a new task its id. */
  named?(before: string, id: string): void
}

/** The user's tasks: what the page shows, and what it does to them. */
export class TaskStore {
  private readonly replica: Replica
  private readonly keep: Keep
  private readonly queue: Queue
  private readonly sender: Sender
  private readonly tabs: Tabs
  private readonly backend: Backend
  private readonly now: () => number
  private readonly listeners = new Set<() => void>()
  private readonly keys = new Map<string, string>()
  /** New tasks (by their names here) whose event came before the answer: the ids that they seem to have. */
  private readonly claims = new Map<string, string>()
  private cache = new Map<string, Row>()
  private view: View | undefined
  private loaded = false
  private error: ApiError | undefined
  private place: Place | undefined
  private unsaved = new Map<string, Task | undefined>()
  private saving: ReturnType<typeof setTimeout> | undefined
  private drawing: ReturnType<typeof setTimeout> | undefined
  private opened: Promise<Place | undefined> | undefined
  private hearing: ReturnType<typeof setTimeout> | undefined
  private stop: (() => void)[] = []
  private readonly named: (before: string, id: string) => void

  constructor(private readonly user: string, parts: Parts = {}) {
    this.named = parts.named ?? ((before, id) => moveDrafts(user, before, id))
    this.now = parts.now ?? now
    this.backend = parts.backend ?? restBackend(user)
    this.keep = parts.keep ?? new Keep()
    this.tabs = parts.tabs ?? new Tabs(user)
    this.replica = new Replica(user)
    this.queue = new Queue(user, this.keep, () => this.changed(), () => this.tabs.tell({}))
    this.sender = new Sender({
      queue: this.queue,
      backend: this.backend,
      now: this.now,
      alone: (work) => this.tabs.alone(work),
      heldHere: (id) => this.tabs.holds(id),
      heldElsewhere: (id) => this.tabs.heldElsewhere(id),
      done: (op, task) => {
        this.settled(op.taskId, task)
        this.tabs.tell({ done: op.taskId, task })
      },
    })
  }

  /** Shows what the browser keeps. Returns its place in the stream, undefined where there is none. */
  open(): Promise<Place | undefined> {
    this.stop = [this.keep.onState(() => this.changed()), this.tabs.listen((news) => this.hear(news)), onLeave(() => this.leave(), () => void this.sender.hurry())]
    this.sender.start()
    this.opened ??= this.recall()
    return this.opened.then(() => this.place)
  }

  /** Nothing is sent after that; what is written still is kept. */
  close(): void {
    for (const off of this.stop) off()
    this.stop = []
    clearTimeout(this.hearing)
    this.hearing = undefined
    this.sender.stop()
    for (const { id } of this.queue.all()) this.tabs.letGo(id)
    this.keep.end(this.user)
    this.save()
  }

  private async recall(): Promise<Place | undefined> {
    const [, list] = await Promise.all([this.keep.begin(this.user), this.keep.readList(this.user), this.queue.open()])
    if (list && !this.loaded) {
      this.replica.load(list.tasks)
      this.place = list.place
      this.loaded = true
    }
    this.changed()
    void this.sender.send()
    return this.place
  }

  /** Loads the list from the server. */
  async reload(): Promise<Place> {
    const before = this.replica.answers()
    try {
      const { tasks, place } = await this.backend.list()
      this.replica.load(tasks, before)
      this.place = place
      this.loaded = true
      this.error = undefined
      this.unsaved.clear()
      void this.keep.writeList(this.user, place, tasks)
      return place
    } catch (error) {
      if (error instanceof ApiError) this.error = error
      throw error
    } finally {
      this.changed()
    }
  }

  /** Applies a message of the stream. They must come in order, from the place on. */
  apply(message: StreamMessage): void {
    if (!this.place) return
    this.place = { ...this.place, position: message.position }
    const id = this.replica.apply(message)
    if (id && message.type === 'task_update' && message.action === 'created') this.claim(id)
    if (id) this.unsaved.set(id, this.replica.stored(id))
    this.saving ??= setTimeout(() => this.save(), 250)
    this.changedSoon()
  }

  /** The event of an own new task may be here before the answer, or in place of a lost one: they are one row. */
  private claim(id: string): void {
    const task = this.replica.get(id)
    const op = this.queue.all().find((o) => o.kind === 'create' && o.tries > 0 && !this.claims.has(o.taskId) && task && this.isDraftOf(o, task))
    if (!op) return
    this.claims.set(op.taskId, id)
    this.keys.set(id, this.keyOf(op.taskId))
  }

  private isDraftOf(op: Op, task: Task): boolean {
    if (op.kind !== 'create') return false
    const draft = draftTask(op.taskId, this.user, op.body, task.createdAt)
    return FIELDS.every((field) => same(draft[field], task[field]))
  }

  /** Sends what waits, now. Resolves when that was tried. */
  send(): Promise<void> {
    return this.sender.hurry()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  snapshot = (): View => (this.view ??= this.look())

  // What a person does. Each shows at once.

  /** Returns the key of the new row. With the same `id`, also in two tabs, it is one task. */
  create(body: NewTask, id = uuid()): string {
    const taskId = `new-${id}`
    this.keys.set(taskId, taskId)
    this.enqueue({ ...this.op(taskId), id, kind: 'create', body })
    return taskId
  }

  /**
   * `from`: the task as it was when the person began to edit, if that was not just now, in the database of `epoch`: deleted elsewhere
   * meanwhile, it is back with what was written, for the person to decide. False if there is nothing that could be changed.
   */
  update(key: string, edits: Edits, from?: Task, epoch = this.epoch()): boolean {
    const row = this.snapshot().byKey.get(key)
    const task = row?.task ?? this.goneElsewhere(from)
    if (!task) return false
    const changes = changesOf(from ?? task, edits)
    const seen = from ?? this.replica.get(task.id) ?? task
    if (Object.keys(changes).length > 0) this.enqueue({ ...this.op(task.id), epoch, kind: 'update', seen: seen.version, saw: task, changes })
    return true
  }

  /** Which database the list is of. */
  epoch(): string | undefined {
    return this.place?.epoch
  }

  private goneElsewhere(from: Task | undefined): Task | undefined {
    return from && !isNew(from.id) && this.queue.of(from.id).length === 0 ? from : undefined
  }

  complete(key: string, to: boolean): void {
    const row = this.snapshot().byKey.get(key)
    if (row && row.task.completed !== to) this.enqueue({ ...this.op(row.task.id), kind: 'complete', seen: this.stored(row).version, saw: row.task, to })
  }

  /** Shows at once, and waits until it is sent or undone: whoever calls this shows how, and does one of both. Undefined if there is no such row. */
  remove(key: string): Deletion | undefined {
    const row = this.snapshot().byKey.get(key)
    if (!row) return undefined
    const base = this.stored(row)
    const op: Op = { ...this.op(row.task.id), kind: 'remove', seen: base.version, saw: row.task, base }
    this.enqueue(op, this.tabs.hold(op.id))
    let undone = false
    return {
      undo: () => {
        if (undone || !this.tabs.holds(op.id)) return
        undone = true
        // Another tab sends what nobody holds, for as long as the browser has it.
        void this.queue.drop(op.id).finally(() => this.tabs.letGo(op.id))
      },
      send: () => void (!undone && this.tabs.letGo(op.id) && this.sender.send()),
    }
  }

  /** Sends a failed write again. */
  retry(opId: string): void {
    const op = this.queue.find(opId)
    if (!op) return
    const { error: _error, firstTry: _first, ...rest } = op
    void this.queue.put({ ...rest, state: 'waiting' } as Op).then(() => this.sender.hurry())
  }

  /** Gives a write up; of a task that is not there, everything that was made on top of it. */
  discard(opId: string): void {
    const op = this.queue.find(opId)
    if (!op) return
    // Nothing can be done to what is not there.
    const lost = op.kind === 'create' || op.theirs === null ? this.queue.of(op.taskId) : [op]
    void this.queue.drop(...lost.map(({ id }) => id))
    if (op.kind === 'create' || op.theirs === null) dropEdits(this.user, op.taskId)
  }

  /** Decides a conflict: mine is written over theirs, which the person has seen; or mine is given up. */
  resolve(opId: string, whose: 'mine' | 'theirs'): void {
    const op = this.queue.find(opId)
    if (op?.state !== 'conflict' || op.kind === 'create') return
    if (op.theirs) this.replica.confirm(op.taskId, op.theirs)
    if (whose === 'theirs') return this.discard(opId)
    const theirs = op.theirs
    if (!theirs) return this.again(op)
    const { theirs: _theirs, clashes: _clashes, epoch: _epoch, ...rest } = op
    const mine = { ...rest, state: 'waiting', seen: theirs.version, tries: 0 } as Op
    void this.queue.put(mine.kind === 'update' ? { ...mine, changes: insist(mine.changes, theirs) } : mine).then(() => this.sender.hurry())
  }

  /** The task is gone on the server, and the person wants it: it is made anew, as they see it. */
  private again(op: Op): void {
    const task = this.snapshot().byKey.get(this.keyOf(op.taskId))?.task
    void this.queue.drop(...this.queue.of(op.taskId).map(({ id }) => id))
    this.settled(op.taskId, null)
    if (!task) return
    const { title, description, priority, category, dueDate, recurringRule, recurringEndDate, reminderAt, tags, timeZone } = task
    this.create({ title, description, priority, category, dueDate, recurringRule, recurringEndDate, reminderAt, tags, timeZone })
  }

  /** The last version of a row that the server is known to have had. */
  private stored(row: Row): Task {
    return this.replica.get(row.task.id) ?? row.task
  }

  private op(taskId: string) {
    const last = this.queue.all().at(-1)?.at ?? 0
    return { id: uuid(), user: this.user, taskId, at: Math.max(this.now(), last + 1), tries: 0, state: 'waiting' as const, epoch: this.epoch() }
  }

  private enqueue(op: Op, first?: Promise<void>): void {
    void this.queue.put(op, first).then(() => this.sender.send())
  }

  private settled(taskId: string, task: Task | null): void {
    const claimed = this.claims.get(taskId)
    this.claims.delete(taskId)
    // It was another's, that looked the same.
    if (claimed !== undefined && claimed !== task?.id) this.keys.delete(claimed)
    if (task && isNew(taskId)) {
      this.keys.set(task.id, this.keyOf(taskId))
      this.named(taskId, task.id)
    }
    if (task || !isNew(taskId)) this.replica.confirm(task?.id ?? taskId, task)
    if (!task) dropEdits(this.user, taskId)
    this.changed()
  }

  /** Another tab may be closed with its writes unsent, so each tab sends what there is. */
  private hear(news: News): void {
    if (news.done !== undefined) this.settled(news.done, news.task ?? null)
    this.hearing ??= setTimeout(() => {
      this.hearing = undefined
      void this.queue.load().then(() => this.sender.send())
    }, HEAR_MS)
  }

  /** The page is left: this tab's deletions that wait for an undo go out at once, by requests that outlive it. */
  private leave(): void {
    this.save()
    const token = tokenAtHand(this.user)
    const { sending } = this.sender
    for (const op of this.queue.all()) {
      if (op.kind !== 'remove' || op.state !== 'waiting' || !this.tabs.owns(op.id) || op.id === sending?.id) continue
      this.tabs.letGo(op.id)
      if (!token || isNew(op.taskId)) continue
      // A change that is on its way comes first: the deletion is of what it makes, and not done before it.
      const version = sending?.taskId === op.taskId && sending.kind !== 'create' ? sending.seen + 1 : op.seen
      sendOnLeave(`/api/${encodeURIComponent(this.user)}/tasks/${op.taskId}`, token, { version, epoch: op.epoch })
    }
  }

  private save(): void {
    clearTimeout(this.saving)
    this.saving = undefined
    if (!this.place) return
    const [place, changed] = [this.place, this.unsaved]
    this.unsaved = new Map()
    // What is not kept is tried again with the next change: a place must never be kept without what led to it.
    void this.keep.writeChanges(this.user, place, changed).then((result) => {
      if (result === 'missing' && this.place === place) void this.keep.writeList(this.user, place, this.replica.storedTasks())
      else if (result !== 'kept') this.unsaved = new Map([...changed, ...this.unsaved])
    })
  }

  private keyOf(id: string): string {
    return this.keys.get(id) ?? id
  }

  /** After a sleep a hundred changes arrive at once: they are drawn together. */
  private changedSoon(): void {
    this.view = undefined
    this.drawing ??= setTimeout(() => this.changed(), 16)
  }

  private changed(): void {
    clearTimeout(this.drawing)
    this.drawing = undefined
    this.view = undefined
    for (const listener of this.listeners) listener()
  }

  private look(): View {
    const ops = compacted(this.queue.all(), () => true)
    const byTask = groupBy(ops)
    const rows = new Map<string, Row>()
    const show = (id: string, task: Task | undefined) => {
      const own = byTask.get(id)
      const seen = own ? own.reduce<Task | undefined>(foresee, task) : task
      if (seen) rows.set(this.keyOf(id), this.row(this.keyOf(id), seen, own ?? []))
    }
    for (const task of this.replica.all()) show(task.id, task)
    for (const op of ops) {
      if (op.kind === 'create') show(op.taskId, this.claimed(op.taskId) ?? draftTask(op.taskId, this.user, op.body, wireTime(op.at)))
      // Gone on the server, but what the person wrote is not.
      else if (op.state === 'conflict' && op.theirs === null && !rows.has(this.keyOf(op.taskId))) show(op.taskId, op.saw)
    }
    this.cache = rows
    const stuck = ops.filter((op) => op.state !== 'waiting').length
    return { loaded: this.loaded, error: this.error, rows: [...rows.values()], byKey: rows, storage: this.storage(), waiting: ops.length - stuck, stuck, notBefore: notBefore(ops, this.now()) }
  }

  /** That something later was kept does not say that all is. */
  private storage(): StorageState {
    const state = this.keep.state()
    return state === 'ok' && this.queue.lacksRoom() ? 'full' : state
  }

  private claimed(taskId: string): Task | undefined {
    const id = this.claims.get(taskId)
    return id === undefined ? undefined : this.replica.get(id)
  }

  /** The same object as before if nothing of it changed, so that a list draws only what did. */
  private row(key: string, task: Task, ops: Op[]): Row {
    const state = ops.some((op) => op.state === 'conflict') ? 'conflict' : ops.some((op) => op.state === 'failed') ? 'failed' : ops.length > 0 ? 'sending' : 'saved'
    const before = this.cache.get(key)
    if (before && before.state === state && before.ops.length === 0 && ops.length === 0 && before.task === task) return before
    return { key, task, state, ops }
  }
}

function groupBy(ops: readonly Op[]): Map<string, Op[]> {
  const groups = new Map<string, Op[]>()
  for (const op of ops) groups.set(op.taskId, [...(groups.get(op.taskId) ?? []), op])
  return groups
}

/** `back`: the page was kept by the browser, and is looked at again. */
function onLeave(leave: () => void, back: () => void): () => void {
  if (typeof window === 'undefined') return () => undefined
  const shown = ({ persisted }: PageTransitionEvent) => persisted && back()
  window.addEventListener('pagehide', leave)
  window.addEventListener('pageshow', shown)
  return () => {
    window.removeEventListener('pagehide', leave)
    window.removeEventListener('pageshow', shown)
  }
}

function sendOnLeave(path: string, token: string, seen: Seen): void {
  // eslint-disable-next-line no-restricted-globals -- nobody is left to read the answer
  void fetch(path, { method: 'DELETE', keepalive: true, headers: { Authorization: `Bearer ${token}`, ...conditions(seen) } }).catch(() => undefined)
}
