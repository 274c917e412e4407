import { useSyncExternalStore } from 'react'

// The browser's clock may be wrong by an hour, or by years. What the page says about time ("today", "in 5
// minutes", "overdue") follows the server's clock, which answers name in their Date header.

let offset = 0
const listeners = new Set<() => void>()

/** Milliseconds since 1970 by the server's clock, as far as it is known. */
export function now(): number {
  return Date.now() + offset
}

/** The difference to the browser's own clock. */
export function clockOffset(): number {
  return offset
}

/** Takes the server's time from a Date header that arrived for a request sent at `sent` (by Date.now). */
export function learnServerTime(header: string | null, sent: number): void {
  if (!header) return
  const server = Date.parse(header)
  const received = Date.now()
  // The header is cut to the second, and a slow answer says little.
  if (Number.isNaN(server) || received - sent > 5000 || received < sent) return
  const measured = server + 500 - (sent + received) / 2
  const next = Math.abs(measured) < 5000 ? 0 : measured
  if (Math.abs(next - offset) < 2000) return
  offset = next
  for (const listener of listeners) listener()
}

/** Calls the listener when the known difference of the clocks changes. */
export function onClockChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Renders anew when the known difference of the clocks changes. */
export function useClockOffset(): number {
  return useSyncExternalStore(onClockChange, clockOffset)
}
