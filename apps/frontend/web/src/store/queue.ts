import type { Task } from '@/api'
import { joined } from './fields'
import type { Keep } from './keep'
import type { Op } from './ops'

/**
 * The writes that are not acknowledged, in the order in which they were made. Each change is kept in the
 * browser, so that a reload, or a battery that dies, loses none. Where the browser keeps nothing they
 * live as long as the page.
 */
export class Queue {
  private ops: Op[] = []
  /** What the browser does not have yet, or has no room for; and what it still has and should not. */
  private readonly unkept = new Set<string>()
  private readonly dropped = new Set<string>()

  constructor(private readonly user: string, private readonly keep: Keep, private readonly changed: () => void) {}

  all(): readonly Op[] {
    return this.ops
  }

  find(id: string): Op | undefined {
    return this.ops.find((op) => op.id === id)
  }

  of(taskId: string): Op[] {
    return this.ops.filter((op) => op.taskId === taskId)
  }

  /** Takes over what the browser keeps: after a reload, and after another tab changed it. */
  async load(): Promise<void> {
    const kept = await this.keep.readOps(this.user)
    if (!kept) return
    const here = this.ops.filter((op) => this.unkept.has(op.id))
    this.set([...kept.filter((op) => !this.unkept.has(op.id) && !this.dropped.has(op.id)), ...here])
  }

  /** Adds an op, or makes it part of one of the same task that was never sent. */
  async add(op: Op): Promise<void> {
    const before = this.of(op.taskId).at(-1)
    const whole = before && before.tries === 0 && before.state === 'waiting' ? combine(before, op) : undefined
    if (!before || whole === undefined) return this.put(op)
    if (whole === null) return this.drop(before.id)
    return this.put(whole)
  }

  async put(op: Op): Promise<void> {
    this.unkept.add(op.id)
    this.set([...this.ops.filter((other) => other.id !== op.id), op])
    if (await this.keep.putOp(op)) this.unkept.delete(op.id)
  }

  async drop(id: string): Promise<void> {
    this.unkept.delete(id)
    this.dropped.add(id)
    this.set(this.ops.filter((op) => op.id !== id))
    await this.keep.dropOp(id)
    this.dropped.delete(id)
  }

  /** What was made on top of a task goes on on top of the server's answer to a write before. */
  async advance(done: Op, task: Task): Promise<void> {
    for (const op of this.of(done.taskId)) {
      if (op.kind === 'create' || op.id === done.id) continue
      const seen = done.kind === 'create' || op.seen >= done.seen ? Math.max(op.seen, task.version) : op.seen
      await this.put({ ...op, taskId: task.id, seen })
    }
  }

  private set(ops: Op[]): void {
    this.ops = ops.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    this.changed()
  }
}

/** Two ops as one: null if they undo each other, undefined if they stay two. */
function combine(before: Op, op: Op): Op | null | undefined {
  if (before.kind === 'create' && op.kind === 'update') {
    const edits = Object.fromEntries(Object.entries(op.changes).map(([field, change]) => [field, change.to]))
    return { ...before, body: { ...before.body, ...edits } }
  }
  if (before.kind === 'update' && op.kind === 'update') {
    const changes = joined(before.changes, op.changes)
    return Object.keys(changes).length === 0 ? null : { ...before, changes }
  }
  if (before.kind === 'complete' && op.kind === 'complete') return before.to === op.to ? before : null
  return undefined
}
