import { ApiError, type Task } from '@/api'
import type { Backend, Seen } from './backend'
import { FIELDS, insist, merge, same, type Field } from './fields'
import { bodyOf, type Op } from './ops'

/** What came of sending an op once. */
export type Outcome =
  /** Done; with the task as it is now, null if it is gone. `direct`: on the very version that it was made of. */
  | { kind: 'done'; task: Task | null; direct: boolean }
  /** The server can't be reached or asks to wait: nothing else need be tried now. */
  | { kind: 'unreachable'; error: ApiError }
  /** This one did not go through; another may. */
  | { kind: 'again'; error: ApiError }
  | { kind: 'failed'; error: ApiError }
  | { kind: 'conflict'; theirs: Task | null; clashes: Field[] }

/** The key of a create is kept for a day; a repeat after that would make a second task. */
const KEY_LIFETIME_MS = 23 * 3_600_000

/**
 * Sends an op. It has its effect at most once, also when an answer was lost: a create by its
 * Idempotency-Key, every other by If-Match, and on 412 by comparing with the task as it is.
 */
export async function attempt(op: Op, backend: Backend, now: number): Promise<Outcome> {
  if (op.kind === 'create' && op.firstTry !== undefined && now - op.firstTry > KEY_LIFETIME_MS) {
    return { kind: 'failed', error: new ApiError('refused', 'This was sent over a day ago and never answered. Look whether the task is in the list; if not, try again.') }
  }
  try {
    return { kind: 'done', task: await send(op, backend), direct: true }
  } catch (error) {
    return judge(op, backend, error)
  }
}

async function send(op: Op, backend: Backend): Promise<Task | null> {
  switch (op.kind) {
    case 'create':
      return backend.create(op.body, op.id)
    case 'update':
      return backend.update(op.taskId, seenBy(op), bodyOf(op.changes))
    case 'complete':
      return backend.toggle(op.taskId, seenBy(op))
    case 'remove':
      await backend.remove(op.taskId, seenBy(op))
      return null
  }
}

function seenBy(op: Exclude<Op, { kind: 'create' }>): Seen {
  return { version: op.seen, epoch: op.epoch }
}

async function judge(op: Op, backend: Backend, error: unknown): Promise<Outcome> {
  if (!(error instanceof ApiError)) return { kind: 'again', error: new ApiError('broken', 'Something went wrong in the page. It will be tried again.') }
  if (op.kind !== 'create' && error.status === 412) return compare(op, backend)
  if (op.kind !== 'create' && error.status === 404) return missing(op)
  if (op.kind === 'create' && error.fields.some(({ field }) => field === 'Idempotency-Key')) return { kind: 'done', task: null, direct: false }
  return outcomeOf(error)
}

function outcomeOf(error: ApiError): Outcome {
  if (error.status === 409) return { kind: 'again', error }
  if (error.kind === 'refused') return { kind: 'failed', error }
  // 507: the server's disk is full. Others will fare the same.
  return { kind: error.kind === 'broken' && error.status !== 507 ? 'again' : 'unreachable', error }
}

function missing(op: Exclude<Op, { kind: 'create' }>): Outcome {
  if (op.kind === 'remove') return { kind: 'done', task: null, direct: false }
  return { kind: 'conflict', theirs: null, clashes: [] }
}

/** Somebody changed the task meanwhile, the database was replaced, or this op itself did it and its answer was lost. */
async function compare(op: Exclude<Op, { kind: 'create' }>, backend: Backend): Promise<Outcome> {
  let theirs: Task
  try {
    theirs = await backend.get(op.taskId)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return error.status === 404 ? missing(op) : outcomeOf(error)
  }
  if (op.kind === 'update') return compareUpdate(op, theirs, backend)
  if (op.kind === 'complete') return compareComplete(op, theirs, backend)
  // What the person saw and deleted is what there is: only a reminder was sent, say.
  const changed = FIELDS.filter((field) => !wasSeen(op, theirs, field))
  if (changed.length === 0 && wasSeen(op, theirs, 'completed')) return retry({ ...op, seen: theirs.version }, backend)
  return { kind: 'conflict', theirs, clashes: changed }
}

/** As the person saw it, or as it was before changes of their own that the deletion came before. */
function wasSeen(op: Op & { kind: 'remove' }, is: Task, field: keyof Task): boolean {
  return same(op.saw[field], is[field]) || same((op.base ?? op.saw)[field], is[field])
}

async function compareUpdate(op: Op & { kind: 'update' }, theirs: Task, backend: Backend): Promise<Outcome> {
  const { rest, clashes } = merge(op.changes, theirs)
  if (clashes.length > 0) return { kind: 'conflict', theirs, clashes }
  if (Object.keys(rest).length === 0) return { kind: 'done', task: theirs, direct: false }
  return retry({ ...op, seen: theirs.version, changes: insist(rest, theirs) }, backend)
}

async function compareComplete(op: Op & { kind: 'complete' }, theirs: Task, backend: Backend): Promise<Outcome> {
  if (theirs.completed === op.to) return { kind: 'done', task: theirs, direct: false }
  // It may have been done, and undone by somebody since: that is for the person to say.
  if (op.tries > 1 && theirs.version > op.seen + 1) return { kind: 'conflict', theirs, clashes: [] }
  return retry({ ...op, seen: theirs.version }, backend)
}

/** Once more on the version that was just read, of whichever database; should that be outdated too, the queue comes again. */
async function retry({ epoch: _epoch, ...op }: Op, backend: Backend): Promise<Outcome> {
  try {
    return { kind: 'done', task: await send(op as Op, backend), direct: false }
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) return { kind: 'again', error }
    return judge(op as Op, backend, error)
  }
}
