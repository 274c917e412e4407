import type { Task } from '@/api'

/** A write is through, or (without `done`) the queue was changed. */
export type News = { done?: string; task?: Task | null }

/** The same user's other tabs in this browser: they share what is kept, and one at a time sends the queue. */
export class Tabs {
  private readonly channel: BroadcastChannel | undefined
  private tail: Promise<void> = Promise.resolve()

  constructor(private readonly user: string) {
    this.channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(`tasktide:${user}`)
  }

  tell(news: News): void {
    this.channel?.postMessage(news)
  }

  listen(hear: (news: News) => void): () => void {
    const listener = (event: MessageEvent<News>) => hear(event.data)
    this.channel?.addEventListener('message', listener)
    return () => this.channel?.removeEventListener('message', listener)
  }

  /** Runs work while no other tab does. Over plain http there are no locks; there two tabs may send the same op, which has its effect once all the same. */
  async alone(work: () => Promise<void>): Promise<void> {
    if (navigator.locks) return navigator.locks.request(`tasktide:send:${this.user}`, work)
    this.tail = this.tail.then(work)
    return this.tail
  }
}
