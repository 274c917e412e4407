import type { ApiError, Task } from '@/api'
import { attempt, type Outcome } from './attempt'
import type { Backend } from './backend'
import { notBefore, type Op } from './ops'
import type { Queue } from './queue'

export type SenderOptions = {
  queue: Queue
  backend: Backend
  now(): number
  /** Runs work while no other tab of the same user does. */
  alone(work: () => Promise<void>): Promise<void>
  /** Whether a deletion still waits for its undo: in this tab, or in another one. */
  heldHere(id: string): boolean
  heldElsewhere(id: string): Promise<boolean>
  done(op: Op, task: Task | null): void
  random?: () => number
}

const LONGEST_WAIT_MS = 60_000
/** How often it is looked whether the tab that holds a deletion is still there. */
const LOOK_MS = 5_000
/** After so many that fail in a row it is the server, and not the task. */
const ENOUGH = 2

/**
 * Sends the queue: ops of one task in their order, those of others past one that is held up. What the
 * server refuses stays, failed; what meets another's change stays, as a conflict; neither stands in the way of
 * what comes after it. All else is repeated until it is through.
 */
export class Sender {
  private timer: ReturnType<typeof setTimeout> | undefined
  private running: Promise<void> | undefined
  private again = false
  private failures = 0
  /** Nothing is sent before: the server could not be reached, or asked for it. */
  private quietUntil = 0
  private askedUntil = 0
  private readonly notBefore = new Map<string, number>()
  private stopped = false
  /** The op that is on its way. */
  sending: Op | undefined

  constructor(private readonly options: SenderOptions) {}

  /** Sends what is due, now. Resolves when there is nothing more to send for the moment. */
  send(): Promise<void> {
    if (this.stopped) return Promise.resolve()
    this.again = true
    clearTimeout(this.timer)
    this.running ??= this.run().finally(() => {
      this.running = undefined
    })
    return this.running
  }

  /** As `send`, and what waited after a failure waits no longer; but for what the server asked for. */
  hurry(): Promise<void> {
    this.failures = 0
    this.notBefore.clear()
    this.quietUntil = this.askedUntil
    return this.send()
  }

  start(): void {
    this.stopped = false
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
  }

  private async run(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false
      if (this.options.queue.all().length === 0) return
      let wait = this.quietUntil - this.options.now()
      if (wait <= 0) {
        // A page that is being left gets no lock.
        wait = await this.alone().catch(() => this.pause(++this.failures))
      }
      if (wait < Infinity && !this.again) this.timer = setTimeout(() => void this.send(), wait)
    }
  }

  private async alone(): Promise<number> {
    let wait = Infinity
    await this.options.alone(async () => {
      await this.options.queue.load()
      wait = this.askedToWait()
      if (wait > 0) return
      const { free, elsewhere } = await this.deletions()
      await this.options.queue.compact(({ id }) => !free.has(id))
      wait = await this.pass(free)
      if (elsewhere.size > 0) wait = Math.min(wait, LOOK_MS)
    })
    return wait
  }

  /** How long, by what the server said to this tab, to another one, or before a reload. */
  private askedToWait(): number {
    const now = this.options.now()
    const until = notBefore(this.options.queue.all(), now)
    if (until <= now) return 0
    this.quietUntil = this.askedUntil = until
    return until - now
  }

  /** Deletions that nobody can undo any more, and those that another tab can. What is in neither comes with the next pass. */
  private async deletions(): Promise<{ free: Set<string>; elsewhere: Set<string> }> {
    const [free, elsewhere] = [new Set<string>(), new Set<string>()]
    for (const { id, kind } of this.options.queue.all()) {
      if (kind !== 'remove' || this.options.heldHere(id)) continue
      ;((await this.options.heldElsewhere(id)) ? elsewhere : free).add(id)
    }
    return { free, elsewhere }
  }

  /** Once through the queue. Returns how long to wait for the next time. */
  private async pass(free: ReadonlySet<string>): Promise<number> {
    const blocked = new Set<string>()
    let wait = Infinity
    let failed = 0
    for (const { id } of [...this.options.queue.all()]) {
      const found = this.options.queue.find(id)
      if (!found || blocked.has(found.taskId) || this.stopped) continue
      const op = await this.options.queue.byId(found)
      if (blocked.has(op.taskId) || this.stopped) continue
      const due = op.kind === 'remove' && !free.has(id) ? Infinity : this.dueIn(op)
      if (due > 0) {
        if (op.state === 'waiting' || isObstacle(op)) blocked.add(op.taskId)
        wait = Math.min(wait, due)
        continue
      }
      const outcome = await this.one(op)
      if (outcome.kind === 'done') {
        this.failures = 0
        continue
      }
      blocked.add(op.taskId)
      if (outcome.kind === 'unreachable') return this.backOff(outcome.error)
      if (outcome.kind === 'again' && ++failed >= ENOUGH) return this.backOff(outcome.error)
      if (outcome.kind === 'again') wait = Math.min(wait, this.dueIn(op))
      // What comes after it may take its place.
      else this.again = true
    }
    return wait
  }

  private dueIn(op: Op): number {
    if (op.state !== 'waiting') return Infinity
    return (this.notBefore.get(op.id) ?? 0) - this.options.now()
  }

  private async one(before: Op): Promise<Outcome> {
    const { queue, backend, now, done } = this.options
    const op: Op = { ...before, tries: before.tries + 1, firstTry: before.firstTry ?? now() }
    await queue.put(op)
    this.sending = op
    const outcome = await attempt(op, backend, now()).finally(() => (this.sending = undefined))
    const still = queue.find(op.id)
    if (outcome.kind === 'done') {
      done(op, outcome.task)
      await queue.finish(op, outcome.task, outcome.direct)
    } else if (still) {
      await queue.put(marked(still, outcome, now()))
      if (outcome.kind === 'again') this.notBefore.set(op.id, now() + this.pause(op.tries))
    }
    return outcome
  }

  private backOff(error: ApiError): number {
    const asked = error.retryAfterMs ?? 0
    const wait = Math.max(asked, this.pause(++this.failures))
    this.askedUntil = this.options.now() + asked
    this.quietUntil = this.options.now() + wait
    return wait
  }

  private pause(failures: number): number {
    const random = this.options.random ?? Math.random
    return Math.min(1000 * 2 ** (failures - 1), LONGEST_WAIT_MS) * (0.75 + random() / 2)
  }
}

/** There is no task that what comes after it could be done to. */
function isObstacle(op: Op): boolean {
  return op.kind === 'create' || op.theirs === null
}

function marked(op: Op, outcome: Exclude<Outcome, { kind: 'done' }>, now: number): Op {
  if (outcome.kind === 'conflict') return { ...op, state: 'conflict', theirs: outcome.theirs, clashes: outcome.clashes }
  const { message, status, fields, retryAfterMs } = outcome.error
  const until = outcome.kind === 'unreachable' && retryAfterMs !== undefined ? { until: now + retryAfterMs } : {}
  return { ...op, ...until, state: outcome.kind === 'failed' ? 'failed' : 'waiting', error: { message, status, fields } }
}
