import type { StreamEvent } from '@/api'
import { ApiError } from '@/api/errors'

/** Reads events behind a position, oldest first, and where which stream ends. Without `after`: from the oldest that is kept. */
export type ReadEvents = (after: number | undefined, limit: number) => Promise<{ events: StreamEvent[]; head: number; epoch?: string | undefined }>

export type LogView = {
  /** Newest first, without a gap. */
  events: readonly StreamEvent[]
  /** There are older ones that are kept. */
  older: boolean
  loading: 'first' | 'older' | undefined
  error: unknown
}

const PAGE = 100

/**
 * The user's stream as a window that grows at both ends: `catchUp` to the newest, `loadOlder` to the oldest
 * that is kept. Positions in it rise by one; a window that can't be continued is begun anew.
 */
export class ActivityLog {
  private events: StreamEvent[] = []
  private oldest = 1
  private view: LogView = { events: [], older: false, loading: 'first', error: undefined }
  private newer: Promise<void> | undefined
  private wanted = 0
  private epoch: string | undefined
  private readonly listeners = new Set<() => void>()

  constructor(private readonly read: ReadEvents) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  snapshot = (): LogView => this.view

  /** Loads the newest page. */
  async open(): Promise<void> {
    this.show({ loading: 'first', error: undefined })
    try {
      const { events: [first], head, epoch } = await this.read(undefined, 1)
      this.epoch = epoch
      this.oldest = first?.position ?? head + 1
      this.events = first ? (await this.read(Math.max(head - PAGE, this.oldest - 1), PAGE)).events : []
      this.show({ loading: undefined })
    } catch (error) {
      this.show({ loading: undefined, error })
      return
    }
    // What came meanwhile.
    if (this.wanted > this.head()) await this.catchUp(this.wanted)
  }

  /** Loads what came since, up to a position that is known to exist. In another epoch positions begin anew. */
  catchUp(position: number, epoch = this.epoch): Promise<void> {
    if (epoch !== this.epoch && this.view.loading !== 'first') {
      this.wanted = 0
      return this.open()
    }
    if (epoch === this.epoch || this.epoch === undefined) this.wanted = Math.max(this.wanted, position)
    if (this.view.loading === 'first') return Promise.resolve()
    this.newer ??= this.follow().finally(() => (this.newer = undefined))
    return this.newer
  }

  private async follow(): Promise<void> {
    while (this.head() < this.wanted) {
      const before = this.head()
      try {
        const { events } = await this.read(before, PAGE)
        if (events.length === 0) return
        this.events = [...this.events, ...events.filter((e) => e.position > this.head())]
        this.show({ error: undefined })
      } catch (error) {
        if (gone(error)) return this.open()
        return this.show({ error })
      }
    }
  }

  /** Does again what failed last. */
  retry(): Promise<void> {
    if (this.events.length === 0) return this.open()
    return this.head() < this.wanted ? this.catchUp(this.wanted) : this.loadOlder()
  }

  /** Loads a page before the oldest that is there. */
  async loadOlder(): Promise<void> {
    const first = this.events[0]?.position
    if (first === undefined || this.view.loading || !this.view.older) return
    this.show({ loading: 'older', error: undefined })
    try {
      const after = Math.max(first - 1 - PAGE, this.oldest - 1)
      const { events } = await this.read(after, first - 1 - after)
      this.events = [...events.filter((e) => e.position < first), ...this.events]
      this.show({ loading: undefined })
    } catch (error) {
      // What was the oldest is not kept any more.
      if (gone(error)) this.oldest = first
      this.show({ loading: undefined, error: gone(error) ? undefined : error })
    }
  }

  private head(): number {
    return this.events.at(-1)?.position ?? this.oldest - 1
  }

  private show(change: Partial<LogView>): void {
    this.view = { ...this.view, ...change, events: this.events.toReversed(), older: (this.events[0]?.position ?? 0) > this.oldest }
    for (const listener of this.listeners) listener()
  }
}

function gone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 410
}
