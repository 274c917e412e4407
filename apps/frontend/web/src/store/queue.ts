import type { Task } from '@/api'
import { compacted, inOrder } from './compact'
import { notes, opOf } from './journal'
import type { Keep, Name } from './keep'
import { isNew, type Op } from './ops'

/** In which time a tab that is there has a write kept. */
const KEPT_MS = 150

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
  /** Of those that the browser does not have: what it had no room for. */
  private readonly homeless = new Set<string>()

  /** `kept`: the browser's copy changed, which other tabs read. */
  constructor(private readonly user: string, private readonly keep: Keep, private readonly changed: () => void, private readonly kept: () => void) {}

  all(): readonly Op[] {
    return this.ops
  }

  find(id: string): Op | undefined {
    return this.ops.find((op) => op.id === id)
  }

  of(taskId: string): Op[] {
    return this.ops.filter((op) => op.taskId === taskId)
  }

  /** Takes over what the browser keeps, and what a page that is gone had no time to have kept. */
  async open(): Promise<void> {
    const before = notes(this.user)
    await this.load()
    // What another tab is just having kept is struck meanwhile.
    if (before.size > 0) await new Promise((resolve) => setTimeout(resolve, KEPT_MS))
    const after = notes(this.user)
    for (const [id, text] of before) {
      if (after.get(id) !== text) continue
      const op = opOf(text)
      if (op === undefined) this.keep.strike(this.user, id)
      else void (op ? this.put(op) : this.drop(id))
    }
  }

  /** Takes over what the browser keeps: another tab changed it. */
  async load(): Promise<void> {
    const kept = await this.keep.readOps(this.user)
    if (!kept) return
    const here = this.ops.filter((op) => this.unkept.has(op.id))
    // Also what another tab dropped, and was gone before the browser had that.
    const dropped = notes(this.user)
    this.set([...kept.filter((op) => !this.unkept.has(op.id) && !this.dropped.has(op.id) && opOf(dropped.get(op.id) ?? '') !== null), ...here])
  }

  /** `first`: what has to be done before the browser keeps it. */
  async put(op: Op, first?: Promise<void>): Promise<void> {
    this.unkeep(op)
    this.set([...this.ops.filter((other) => other.id !== op.id), op])
    if (first) await first
    // It may have been dropped, or put again, meanwhile.
    if (this.find(op.id) !== op) return
    await this.write([op], [])
    this.kept()
  }

  /**
   * An op by the id of its task, where another tab had the task made since: this one may have entered it by the name that the task had before.
   * To be called while no other tab sends.
   */
  async byId(op: Op): Promise<Op> {
    if (op.kind === 'create' || !isNew(op.taskId)) return op
    const name = await this.keep.readName(this.user, op.taskId)
    if (!name || this.find(op.id) !== op) return op
    const named = { ...op, taskId: name.id, seen: Math.max(op.seen, name.version) }
    await this.put(named)
    return named
  }

  /** Whether the browser had no room for something that it still does not have. */
  lacksRoom(): boolean {
    return this.homeless.size > 0
  }

  drop(...ids: string[]): Promise<void> {
    const done = this.replace([], ids)
    for (const id of ids) this.keep.note(this.user, id, undefined)
    return done
  }

  /** Makes what is later take the place of what it makes needless. To be called while no other tab sends. */
  async compact(held: (op: Op) => boolean): Promise<void> {
    const next = compacted(this.ops, held)
    const put = next.filter((op) => !this.ops.includes(op))
    const drop = this.ops.filter((op) => !next.some((other) => other.id === op.id)).map((op) => op.id)
    if (put.length + drop.length > 0) await this.replace(put, drop)
  }

  /**
   * A write is through. What was made on top of the task goes on on top of the answer, null if the task is
   * gone. `direct`: nobody else's change is between the two; else the next write finds out by itself
   * whether it meets one.
   */
  async finish(done: Op, task: Task | null, direct: boolean): Promise<void> {
    const isFirst = done.kind === 'create'
    const after = (op: Op): Op => {
      if (!task || op.kind === 'create') return op
      const onTop = isFirst || (direct && op.state !== 'conflict' && op.seen >= done.seen)
      return { ...op, taskId: task.id, seen: onTop ? Math.max(op.seen, task.version) : op.seen }
    }
    const put = task ? this.of(done.taskId).filter((op) => op.id !== done.id).map(after) : []
    await this.replace(put, [done.id], isFirst && task ? { name: done.taskId, user: this.user, id: task.id, version: task.version, at: done.firstTry ?? done.at } : undefined)
  }

  /** At once here, and all of it or nothing in the browser. */
  private async replace(put: readonly Op[], drop: readonly string[], name?: Name): Promise<void> {
    for (const op of put) this.unkeep(op)
    for (const id of drop) {
      this.unkept.delete(id)
      this.keep.strike(this.user, id)
      this.dropped.add(id)
    }
    const gone = new Set([...drop, ...put.map((op) => op.id)])
    this.set([...this.ops.filter((op) => !gone.has(op.id)), ...put])
    await this.write(put, drop, name)
    this.kept()
  }

  /** And where there is room, what there was none for before. */
  private async write(put: readonly Op[], drop: readonly string[], name?: Name): Promise<void> {
    const kept = await this.keep.writeOps(this.user, put, drop, name)
    for (const op of put) {
      const { id } = op
      if (kept) this.unkept.delete(id)
      if (kept) this.homeless.delete(id)
      else if (this.find(id)) this.homeless.add(id)
      if (this.find(id) === op) this.keep.strike(this.user, id)
    }
    for (const id of drop) {
      if (kept) this.dropped.delete(id)
      this.homeless.delete(id)
      if (!this.find(id)) this.keep.strike(this.user, id)
    }
    const next = kept && this.ops.find((op) => this.homeless.has(op.id))
    if (next) await this.write([next], [])
    else this.changed()
  }

  private unkeep(op: Op): void {
    this.unkept.add(op.id)
    this.keep.note(this.user, op.id, op)
  }

  private set(ops: Op[]): void {
    this.ops = ops.sort(inOrder)
    this.changed()
  }
}
