import type { Task } from '@/api'
import { uuid } from './uuid'

/** A write is through, or (without `done`) the queue was changed. */
export type News = { done?: string; task?: Task | null }

type Message = { news: News } | { asks: string; from: string } | { holds: string }

/** How long tabs may take to say that they hold something, where there are no locks. */
const ANSWER_MS = 300

/** The same user's tabs in this browser: they share what is kept, and one at a time sends the queue. */
export class Tabs {
  private readonly channel: BroadcastChannel | undefined
  private readonly me = uuid()
  private readonly holding = new Map<string, () => void>()
  private readonly held = new Set<string>()
  private tail: Promise<void> = Promise.resolve()

  /** Over plain http there are no locks. */
  constructor(private readonly user: string, private readonly locks: LockManager | undefined = globalThis.navigator?.locks) {
    this.channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(`tasktide:${user}`)
  }

  tell(news: News): void {
    this.post({ news })
  }

  listen(hear: (news: News) => void): () => void {
    const listener = ({ data }: MessageEvent<Message>) => {
      if ('news' in data) hear(data.news)
      else if ('asks' in data && data.from !== this.me && this.holding.has(data.asks)) this.post({ holds: data.asks })
    }
    this.channel?.addEventListener('message', listener)
    return () => this.channel?.removeEventListener('message', listener)
  }

  /** Runs work while no other tab does. Without locks two tabs may send the same op, which has its effect once all the same. */
  async alone(work: () => Promise<void>): Promise<void> {
    if (this.locks) return this.locks.request(`tasktide:send:${this.user}`, work)
    const done = this.tail.then(work)
    this.tail = done.catch(() => undefined)
    return done
  }

  /** Makes something this tab's own, in all tabs when it resolves, until it is let go or this tab is gone. */
  hold(id: string): Promise<void> {
    this.holding.set(id, () => undefined)
    this.held.add(id)
    const { locks } = this
    if (!locks) return Promise.resolve()
    return new Promise((held) => {
      const keep = () => new Promise<void>((end) => {
        if (this.holding.has(id)) this.holding.set(id, end)
        else end()
        held()
      })
      locks.request(lockOf(id), keep).catch(() => held())
    })
  }

  /** Returns whether this tab held it. */
  letGo(id: string): boolean {
    const end = this.holding.get(id)
    end?.()
    return this.holding.delete(id)
  }

  /** Held here now, or before. */
  owns(id: string): boolean {
    return this.held.has(id)
  }

  holds(id: string): boolean {
    return this.holding.has(id)
  }

  /** Whether another tab holds it. */
  async heldElsewhere(id: string): Promise<boolean> {
    if (this.owns(id)) return false
    if (!this.locks) return this.ask(id)
    const { held } = await this.locks.query()
    return held?.some(({ name }) => name === lockOf(id)) ?? false
  }

  private ask(id: string): Promise<boolean> {
    const { channel } = this
    if (!channel) return Promise.resolve(false)
    return new Promise((answer) => {
      const finish = (held: boolean) => {
        clearTimeout(late)
        channel.removeEventListener('message', listener)
        answer(held)
      }
      const listener = ({ data }: MessageEvent<Message>) => 'holds' in data && data.holds === id && finish(true)
      const late = setTimeout(() => finish(false), ANSWER_MS)
      channel.addEventListener('message', listener)
      this.post({ asks: id, from: this.me })
    })
  }

  private post(message: Message): void {
    this.channel?.postMessage(message)
  }
}

function lockOf(id: string): string {
  return `tasktide:hold:${id}`
}
