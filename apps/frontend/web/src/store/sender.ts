import type { ApiError, Task } from '@/api'
import { attempt, type Outcome } from './attempt'
import type { Backend } from './backend'
import type { Op } from './ops'
import type { Queue } from './queue'

export type SenderOptions = {
  queue: Queue
  backend: Backend
  now(): number
  /** Runs work while no other tab of the same user does. */
  alone(work: () => Promise<void>): Promise<void>
  done(op: Op, task: Task | null): void
  random?: () => number
}

const LONGEST_WAIT_MS = 60_000
/** After so many that fail in a row it is the server, and not the task. */
const ENOUGH = 2

/**
 * Sends the queue: ops of one task in their order, those of others past one that is held up. What the
 * server refuses stays, failed; what meets another's change stays, as a conflict; all else is repeated
 * until it is through.
 */
export class Sender {
  private timer: ReturnType<typeof setTimeout> | undefined
  private running: Promise<void> | undefined
  private again = false
  private failures = 0
  /** Nothing is sent before: the server could not be reached, or `asked` for it. */
  private quietUntil = 0
  private asked = false
  private readonly notBefore = new Map<string, number>()
  private stopped = false

  constructor(private readonly options: SenderOptions) {}

  /** Sends what is due, now. Resolves when there is nothing more to send for the moment. */
  send(): Promise<void> {
    this.stopped = false
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
    if (!this.asked) this.quietUntil = 0
    return this.send()
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
      wait = await this.pass()
    })
    return wait
  }

  /** Once through the queue. Returns how long to wait for the next time. */
  private async pass(): Promise<number> {
    const held = new Set<string>()
    let wait = Infinity
    let failed = 0
    for (const { id } of [...this.options.queue.all()]) {
      const op = this.options.queue.find(id)
      if (!op || held.has(op.taskId) || this.stopped) continue
      const due = this.dueIn(op)
      if (due > 0) {
        held.add(op.taskId)
        wait = Math.min(wait, due)
        continue
      }
      const outcome = await this.one(op)
      if (outcome.kind === 'done') {
        this.failures = 0
        continue
      }
      held.add(op.taskId)
      if (outcome.kind === 'unreachable') return this.backOff(outcome.error)
      if (outcome.kind === 'again' && ++failed >= ENOUGH) return this.backOff(outcome.error)
      if (outcome.kind === 'again') wait = Math.min(wait, this.dueIn(op))
    }
    return wait
  }

  private dueIn(op: Op): number {
    if (op.state !== 'waiting') return Infinity
    const held = op.kind === 'remove' ? op.notBefore : 0
    return Math.max(held, this.notBefore.get(op.id) ?? 0) - this.options.now()
  }

  private async one(before: Op): Promise<Outcome> {
    const { queue, backend, now, done } = this.options
    const op: Op = { ...before, tries: before.tries + 1, firstTry: before.firstTry ?? now() }
    await queue.put(op)
    const outcome = await attempt(op, backend, now())
    const still = queue.find(op.id)
    if (outcome.kind === 'done') {
      done(op, outcome.task)
      if (outcome.task) await queue.advance(op, outcome.task)
      await queue.drop(op.id)
    } else if (still) {
      await queue.put(marked(still, outcome))
      if (outcome.kind === 'again') this.notBefore.set(op.id, now() + this.pause(op.tries))
    }
    return outcome
  }

  private backOff(error: ApiError): number {
    this.asked = error.retryAfterMs !== undefined
    const wait = Math.max(error.retryAfterMs ?? 0, this.pause(++this.failures))
    this.quietUntil = this.options.now() + wait
    return wait
  }

  private pause(failures: number): number {
    const random = this.options.random ?? Math.random
    return Math.min(1000 * 2 ** (failures - 1), LONGEST_WAIT_MS) * (0.75 + random() / 2)
  }
}

function marked(op: Op, outcome: Exclude<Outcome, { kind: 'done' }>): Op {
  if (outcome.kind === 'conflict') return { ...op, state: 'conflict', theirs: outcome.theirs, clashes: outcome.clashes }
  const { message, status, fields } = outcome.error
  return { ...op, state: outcome.kind === 'failed' ? 'failed' : 'waiting', error: { message, status, fields } }
}
