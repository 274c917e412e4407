import type { Channel, End, Open } from './channel'
import { isOfStream, type Place, type ServerMessage, type StreamMessage } from './messages'
import { openSse } from './sse'
import { openWebSocket } from './websocket'

/**
 * `connected`: every change up to now is here. `catching-up`: what was missed is on its way. `offline`: no connection, for longer than a moment.
 * `refused`: the server does not want this page to come again by itself.
 */
export type Connection = 'connected' | 'catching-up' | 'offline' | 'refused'

/** Why the server refused, which says what a person can do about it (docs/realtime.md). */
export type Refusal = 'sign-in' | 'other-user' | 'too-many' | 'other-version'

const REFUSALS: Record<number, Refusal> = { 4501: 'sign-in', 4503: 'other-user', 4510: 'too-many' }

export type LiveOptions = {
  user: string
  token(refused?: string): Promise<string>
  /** Loads the list anew and returns where in the stream it is. */
  reload(): Promise<Place>
  /** The user's data was erased. */
  erased(): void
  openers?: { websocket: Open; sse: Open }
  random?: () => number
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 30_000
/** A connection that is lost is there again within this time, or the page is offline. */
const MOMENT_MS = 1_000
/** After so many WebSockets that never opened, server-sent events are tried, in turn. */
const PATIENCE_WITH_WEBSOCKETS = 2

/** From 4500 on nobody is to reconnect; what the page does not know came with a newer server. */
function refusalOf(code: number): Refusal | undefined {
  return code < 4500 ? undefined : (REFUSALS[code] ?? 'other-version')
}

/**
 * Follows the user's stream: listeners get every change after the place, in order, none twice and none
 * missing, across lost connections. `start` needs a place, or loads the list to have one. After a
 * `resync` the list is loaded anew by `reload`.
 */
export class Live {
  private place: Place | undefined
  private head = 0
  private state: Connection = 'catching-up'
  private channel: Channel | undefined
  private delay = FIRST_DELAY_MS
  private timer: ReturnType<typeof setTimeout> | undefined
  private moment: ReturnType<typeof setTimeout> | undefined
  private unopened = 0
  private byWebSocket = true
  private stopped = true
  private token: string | undefined
  private refused: string | undefined
  private reason: Refusal | undefined
  /** The server did not take the last token, and has taken none since. */
  private doubted = false
  private attempt = 0
  private readonly messageListeners = new Set<(message: StreamMessage) => void>()
  private readonly stateListeners = new Set<() => void>()

  constructor(private readonly options: LiveOptions) {}

  start(place?: Place): void {
    this.place = place
    this.stopped = false
    window.addEventListener('online', this.back)
    window.addEventListener('offline', this.doubt)
    document.addEventListener('visibilitychange', this.look)
    void this.connect()
  }

  stop(): void {
    this.stopped = true
    this.attempt++
    window.removeEventListener('online', this.back)
    window.removeEventListener('offline', this.doubt)
    document.removeEventListener('visibilitychange', this.look)
    clearTimeout(this.timer)
    this.found()
    this.channel?.close()
    this.channel = undefined
  }

  /** Every change of the stream, in order. Returns how to stop listening. */
  onMessage(listener: (message: StreamMessage) => void): () => void {
    this.messageListeners.add(listener)
    return () => this.messageListeners.delete(listener)
  }

  onConnection = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener)
    return () => this.stateListeners.delete(listener)
  }

  connection = (): Connection => this.state

  /** Why the state is `refused`. */
  refusal = (): Refusal | undefined => this.reason

  position = (): Place | undefined => this.place

  /** Tries now instead of at the end of the wait; also where the server refused, so only when a person wants it. */
  hurry = (): void => {
    this.delay = FIRST_DELAY_MS
    if (this.stopped || this.channel) return
    clearTimeout(this.timer)
    void this.connect()
  }

  private readonly doubt = (): void => this.channel?.probe(4_000)

  private readonly look = (): void => {
    if (document.visibilityState !== 'visible') return
    if (this.channel) this.channel.probe(4_000)
    else this.back()
  }

  /** What the server refused is not tried again by itself. */
  private readonly back = (): void => {
    if (this.state !== 'refused') this.hurry()
  }

  private show(state: Connection, reason?: Refusal): void {
    if (state === this.state && reason === this.reason) return
    this.state = state
    this.reason = reason
    for (const listener of this.stateListeners) listener()
  }

  private async connect(): Promise<void> {
    const attempt = ++this.attempt
    try {
      this.token = await this.options.token(this.refused)
      this.refused = undefined
      if (attempt === this.attempt) this.place ??= await this.options.reload()
    } catch {
      if (attempt === this.attempt) this.later()
      return
    }
    if (attempt !== this.attempt || this.stopped || !this.place) return
    const { websocket, sse } = this.options.openers ?? { websocket: openWebSocket, sse: openSse }
    this.byWebSocket = this.unopened % (PATIENCE_WITH_WEBSOCKETS + 1) < PATIENCE_WITH_WEBSOCKETS
    const open = this.byWebSocket ? websocket : sse
    this.channel = open({
      user: this.options.user,
      token: this.token,
      place: { ...this.place },
      message: (message) => attempt === this.attempt && this.take(message),
      end: (end) => attempt === this.attempt && this.ended(end),
    })
  }

  private take(message: ServerMessage): void {
    if (message.type === 'connected') return this.joined(message)
    if (message.type === 'resync') return this.anew()
    if (message.type === 'auth_expiring') return void this.renew()
    if (!isOfStream(message) || !this.place) return
    if (message.position <= this.place.position) return
    // Can't happen by the server's promise; what would be built on a gap is wrong for good.
    if (message.position > this.place.position + 1) return this.anew()
    this.place = { ...this.place, position: message.position }
    for (const listener of this.messageListeners) listener(message)
    this.settle()
  }

  private joined({ epoch, position }: Place): void {
    this.doubted = false
    if (this.place && this.place.epoch === epoch) this.head = position
    this.found()
    this.show('catching-up')
    this.settle()
  }

  private settle(): void {
    if (!this.channel || !this.place || this.place.position < this.head) return
    this.delay = FIRST_DELAY_MS
    this.show('connected')
  }

  /** The place is of no use: the list is loaded, and followed from there. */
  private anew(): void {
    this.place = undefined
    this.head = 0
    this.channel?.close()
    this.channel = undefined
    this.show('catching-up')
    void this.connect()
  }

  private async renew(): Promise<void> {
    try {
      this.channel?.renew(await this.options.token(this.token))
    } catch {
      // The server closes with 4008 when the old token ends, and the next connection asks again.
    }
  }

  private ended({ code, opened }: End): void {
    this.channel = undefined
    if (code === 4504) return this.options.erased()
    if (code === 4008 || code === 4501) this.refused = this.token
    // What opened is used again; what did not makes place for the other in the end.
    if (!opened) this.unopened++
    else if (this.byWebSocket) this.unopened = 0
    const reason = refusalOf(code)
    // A token may be of keys that the server has replaced: a fresh one is tried, once.
    if (!reason || (code === 4501 && !this.doubted)) {
      this.doubted = code === 4501
      return this.later()
    }
    this.found()
    this.show('refused', reason)
  }

  private lost(): void {
    if (this.state === 'offline' || globalThis.navigator?.onLine === false) {
      this.found()
      return this.show('offline')
    }
    this.show('catching-up')
    this.moment ??= setTimeout(() => {
      this.moment = undefined
      this.show('offline')
    }, MOMENT_MS)
  }

  private found(): void {
    clearTimeout(this.moment)
    this.moment = undefined
  }

  private later(): void {
    if (this.stopped) return
    this.lost()
    clearTimeout(this.timer)
    const random = this.options.random ?? Math.random
    this.timer = setTimeout(() => void this.connect(), this.delay * (0.5 + random()))
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY_MS)
  }
}
