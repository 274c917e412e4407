import { joined, wanted } from './fields'
import { isRefused, isUntried, type Op } from './ops'

/**
 * What there is to send of a queue: a person's later word takes the place of what came before it and had no
 * effect, so that nobody is stuck behind a write that was refused.
 * - A deletion takes the place of every write before it, once it is not held for its undo any more; of a task
 *   that the server does not have yet, nothing is left to send.
 * - A change joins the one before that was never sent, and those of the same fields that were refused or met
 *   another's: the whole goes out anew.
 * - To complete and to reopen undo each other.
 */
export function compacted(ops: readonly Op[], held: (op: Op) => boolean): Op[] {
  const tasks = new Map<string, Op[]>()
  for (const op of ops) tasks.set(op.taskId, after(tasks.get(op.taskId) ?? [], op, held))
  return [...tasks.values()].flat().sort(inOrder)
}

export function inOrder(a: Op, b: Op): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1)
}

/** The ops of one task, with one more. */
function after(before: Op[], op: Op, held: (op: Op) => boolean): Op[] {
  if (op.state !== 'waiting') return [...before, op]
  if (op.kind === 'remove') return held(op) ? [...before, op] : removed(before, op)
  if (op.tries > 0) return [...before, op]
  if (op.kind === 'update') return changed(before, op)
  if (op.kind === 'complete') return toggled(before, op)
  return [...before, op]
}

function removed(before: Op[], op: Op): Op[] {
  const create = before.find((o) => o.kind === 'create')
  if (!create) return [op]
  return create.state === 'waiting' && create.tries > 0 ? [create, op] : []
}

function changed(before: Op[], op: Op & { kind: 'update' }): Op[] {
  const create = before.find((o) => o.kind === 'create')
  const last = before.at(-1)
  if (create && isRefused(create)) return swap(before, create, { ...fresh(create), id: op.id, body: { ...create.body, ...wanted(op.changes) } })
  if (last?.kind === 'create' && isUntried(last)) return swap(before, last, { ...last, body: { ...last.body, ...wanted(op.changes) } })
  const stuck = before.filter((o): o is Op & { kind: 'update' } => o.kind === 'update' && o.state !== 'waiting' && overlap(o, op))
  const [first] = stuck
  if (first) {
    const changes = [...stuck, op].map((o) => o.changes).reduce(joined)
    const rest = before.filter((o) => !stuck.some((other) => other === o))
    if (Object.keys(changes).length === 0) return rest
    // What is gone on the server can't be changed there: it stays for the person to decide.
    return [...rest, first.theirs === null ? { ...first, changes } : { ...op, ...versionOf(first), saw: first.saw, changes }]
  }
  if (last?.kind === 'update' && isUntried(last)) {
    const changes = joined(last.changes, op.changes)
    return swap(before, last, Object.keys(changes).length === 0 ? undefined : { ...last, changes })
  }
  return [...before, op]
}

function toggled(before: Op[], op: Op & { kind: 'complete' }): Op[] {
  const last = before.at(-1)
  const other = before.find((o) => o.kind === 'complete' && o.state !== 'waiting' && o.theirs !== null) ?? (last && isUntried(last) ? last : undefined)
  if (other?.kind !== 'complete') return [...before, op]
  return other.to === op.to ? swap(before, other, isUntried(other) ? other : op) : swap(before, other, undefined)
}

function swap(ops: Op[], one: Op, other: Op | undefined): Op[] {
  return ops.flatMap((op) => (op === one ? (other ?? []) : op))
}

/** A version is one of its database only. */
function versionOf({ seen, epoch }: Op & { kind: 'update' }): { seen: number; epoch: string | undefined } {
  return { seen, epoch }
}

function overlap(a: Op & { kind: 'update' }, b: Op & { kind: 'update' }): boolean {
  return Object.keys(a.changes).some((field) => field in b.changes)
}

/** As if it had never been sent. */
function fresh<T extends Op>(op: T): T {
  const { error: _error, firstTry: _first, theirs: _theirs, clashes: _clashes, ...rest } = op
  return { ...rest, state: 'waiting', tries: 0 } as T
}
