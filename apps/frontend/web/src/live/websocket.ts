import type { Channel, Open } from './channel'
import { decode } from './messages'

const PROTOCOL = 'tasktide.v1'
/** A page can't see the server's pings; it asks on its own when nothing was heard for this long. */
const QUIET_MS = 25_000
const ANSWER_MS = 10_000

export const openWebSocket: Open = ({ user, token, place, message, end }) => {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const socket = new WebSocket(`${scheme}://${location.host}/ws/${encodeURIComponent(user)}`, [PROTOCOL, `bearer.${token}`])
  let opened = false
  let over = false
  let quiet: ReturnType<typeof setTimeout> | undefined
  let silent: ReturnType<typeof setTimeout> | undefined = setTimeout(() => finish(0), ANSWER_MS)

  function finish(code: number): void {
    if (over) return
    stop()
    end({ code, opened })
  }
  function stop(): void {
    over = true
    clearTimeout(quiet)
    clearTimeout(silent)
    socket.close()
  }
  function heard(): void {
    clearTimeout(quiet)
    clearTimeout(silent)
    silent = undefined
    quiet = setTimeout(() => channel.probe(ANSWER_MS), QUIET_MS)
  }
  function send(body: unknown): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(body))
  }
  const channel: Channel = {
    probe(withinMs) {
      send({ type: 'ping' })
      clearTimeout(silent)
      silent = setTimeout(() => finish(0), withinMs)
    },
    renew: (fresh) => send({ type: 'auth', token: fresh }),
    close: stop,
  }
  socket.onopen = () => {
    send({ type: 'resume', ...place })
    heard()
  }
  socket.onmessage = ({ data }) => {
    if (over) return
    // Not sooner: there are networks that let a connection through, and nothing over it.
    opened = true
    heard()
    const decoded = decode(String(data))
    if (decoded) message(decoded)
  }
  socket.onclose = ({ code }) => finish(code)
  return channel
}
