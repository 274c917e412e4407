import { createParser } from 'eventsource-parser'
import { request } from '@/api/http'
import type { Channel, Open } from './channel'
import { decode } from './messages'

/** The server writes a comment every 15 s. */
const QUIET_MS = 40_000
/** What a refusal is as a close code. */
const CODES: Record<number, number> = { 401: 4501, 403: 4503, 429: 4510 }

/** Server-sent events, for networks that let no WebSocket through. Read by fetch, which can name a place and a token. */
export const openSse: Open = ({ user, token, place, message, end }) => {
  const stop = new AbortController()
  let over = false
  let opened = false
  let silent: ReturnType<typeof setTimeout> | undefined

  function finish(code = 0): void {
    if (over) return
    close()
    end({ code, opened })
  }
  function close(): void {
    over = true
    clearTimeout(silent)
    stop.abort()
  }
  function heard(withinMs = QUIET_MS): void {
    clearTimeout(silent)
    if (!over) silent = setTimeout(finish, withinMs)
  }
  async function read(): Promise<void> {
    const response = await request(`/api/sse/${encodeURIComponent(user)}`, {
      headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream', 'Last-Event-ID': `${place.epoch}:${place.position}` },
      cache: 'no-store',
      signal: stop.signal,
    }, 24 * 3_600_000)
    if (!response.ok || !response.body) return finish(CODES[response.status])
    opened = true
    let closing = 0
    const parser = createParser({
      onEvent: ({ data }) => {
        const decoded = decode(data)
        if (decoded && !over) message(decoded)
      },
      onComment: (comment) => {
        closing = Number(/^closed (\d+)/.exec(comment.trim())?.[1] ?? closing)
      },
    })
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      heard()
      parser.feed(value)
    }
    finish(closing)
  }
  heard()
  read().catch(() => finish())
  const channel: Channel = {
    // It can't be asked; after a sleep the only way to know is to begin anew.
    probe: () => finish(),
    renew: () => undefined,
    close,
  }
  return channel
}
