import type { FieldError, NewTask, Task } from '@/api'
import { wireTime, wanted, type Changes, type Field } from './fields'

/**
 * A write that the server has not acknowledged. `waiting` goes out by itself; `failed` was refused, and
 * `conflict` met a task that somebody else had changed: both wait for the person.
 */
export type OpState = 'waiting' | 'failed' | 'conflict'

type Common = {
  /** Also the Idempotency-Key. */
  id: string
  user: string
  /** The task's id; of one that the server has not made yet, a name that begins with `new-`. */
  taskId: string
  /** When it was made: the order of the queue. */
  at: number
  /** How often it was sent. From the first time on the server may have acted on it. */
  tries: number
  firstTry?: number
  state: OpState
  /** The server asked that nothing be sent before. */
  until?: number
  /** Of the database whose version was seen. */
  epoch?: string | undefined
  error?: { message: string; status: number; fields: FieldError[] }
  /** On a conflict: the task as it is on the server, null if it is gone. */
  theirs?: Task | null
  clashes?: Field[]
}

export type Op = Common &
  (
    | { kind: 'create'; body: NewTask }
    // `saw` is the task as the person saw it, `seen` the version that the change is made of.
    | { kind: 'update'; seen: number; saw: Task; changes: Changes }
    | { kind: 'complete'; seen: number; saw: Task; to: boolean }
    // `base` is the task as the server had it, without the person's own changes.
    | { kind: 'remove'; seen: number; saw: Task; base?: Task }
  )

/** Whether it is an op as this version of the page makes them. One that another version kept is not sent as something else. */
export function isOp(what: unknown): what is Op {
  if (!isRecord(what)) return false
  const { id, user, taskId, at, tries, state, kind } = what
  const common = [id, user, taskId].every((text) => typeof text === 'string') && [at, tries].every((n) => typeof n === 'number') && ['waiting', 'failed', 'conflict'].includes(state as string)
  if (!common) return false
  if (kind === 'create') return isRecord(what['body'])
  if (typeof what['seen'] !== 'number' || !isRecord(what['saw'])) return false
  return kind === 'remove' || (kind === 'update' && isRecord(what['changes'])) || (kind === 'complete' && typeof what['to'] === 'boolean')
}

function isRecord(what: unknown): what is Record<string, unknown> {
  return typeof what === 'object' && what !== null
}

export function isNew(id: string): boolean {
  return id.startsWith('new-')
}

/** The server understood it and said no: it had no effect. */
export function isRefused(op: Op): boolean {
  return op.state === 'failed' && (op.error?.status ?? 0) >= 400
}

export function isUntried(op: Op): boolean {
  return op.state === 'waiting' && op.tries === 0
}

/** No answer asks for more: what is left of a longer one was written by a clock that jumped. */
const LONGEST_ASKED_MS = 3_600_000

/** Until when the server asked to wait, by what it answered to any of them; it may be over. 0 if it never did. */
export function notBefore(ops: readonly Op[], now: number): number {
  return Math.max(0, ...ops.map(({ state, until = 0 }) => (state === 'waiting' && until - now <= LONGEST_ASKED_MS ? until : 0)))
}

/** The task as it will be when the op is done; undefined if it is gone then. */
export function foresee(task: Task | undefined, op: Op): Task | undefined {
  if (op.kind === 'remove') return op.state === 'waiting' ? undefined : task
  if (!task) return task
  if (op.kind === 'update') return { ...task, ...wanted(op.changes) }
  if (op.kind === 'complete') return { ...task, completed: op.to, status: op.to ? 'completed' : 'pending', updatedAt: wireTime(op.at) }
  return task
}

/** The body of a PUT. */
export function bodyOf(changes: Changes): Record<string, unknown> {
  return wanted(changes)
}
