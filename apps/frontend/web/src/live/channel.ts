import type { Place, ServerMessage } from './messages'

/** How a channel ended: the server's close code (docs/realtime.md), 0 for none, and whether it had ever been open. */
export type End = { code: number; opened: boolean }

export type ChannelEvents = {
  message(message: ServerMessage): void
  end(end: End): void
}

/** One attempt to be live, by WebSocket or by server-sent events. `end` is called once, unless `close` was. */
export type Channel = {
  /** Asks whether the other side is there: it must be heard of within the time, else the channel ends. */
  probe(withinMs: number): void
  /** Hands over a fresh token, where the transport can. */
  renew(token: string): void
  close(): void
}

export type Open = (options: { user: string; token: string; place: Place } & ChannelEvents) => Channel
