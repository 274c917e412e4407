import type { Channel, End, Open } from './channel'
import { isOfStream, type Place, type ServerMessage, type StreamMessage } from './messages'
import { openSse } from './sse'
import { openWebSocket } from './websocket'

/** `connected`: every change up to now is here. `catching-up`: what was missed is on its way. `offline`: no connection, for longer than a moment. */
export type Connection = 'connected' | 'catching-up' | 'offline'

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
  private attempt = 0
  private readonly messageListeners = new Set<(message: StreamMessage) => void>()
  private readonly stateListeners = new Set<() => void>()

  constructor(private readonly options: LiveOptions) {}

  start(place?: Place): void {
    this.place = place
    this.stopped = false
    window.addEventListener('online', this.hurry)
    window.addEventListener('offline', this.doubt)
    document.addEventListener('visibilitychange', this.look)
    void this.connect()
  }

  stop(): void {
    this.stopped = true
    this.attempt++
    window.removeEventListener('online', this.hurry)
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

  position = (): Place | undefined => this.place

  /** Tries now instead of at the end of the wait. */
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
    else this.hurry()
  }

  private show(state: Connection): void {
    if (state === this.state) return
    this.state = state
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

  private ended(end: End): void {
    this.channel = undefined
    if (end.erased) return this.options.erased()
    if (end.freshToken) this.refused = this.token
    // What opened is used again; what did not makes place for the other in the end.
    if (!end.opened) this.unopened++
    else if (this.byWebSocket) this.unopened = 0
    if (end.tooMany) this.delay = LONGEST_DELAY_MS
    this.later()
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
