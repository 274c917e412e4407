import { now } from './clock'
import { dayOf, daysBetween, type Day } from './zone'

const formats = new Map<string, Intl.DateTimeFormat>()

function locales(): string[] {
  return typeof navigator === 'undefined' ? ['en'] : [...navigator.languages]
}

/** In the person's locale; making a formatter is slow, so each is made once. */
export function format(ms: number, zone: string, options: Intl.DateTimeFormatOptions): string {
  const key = zone + JSON.stringify(options)
  let formatter = formats.get(key)
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(locales(), { ...options, timeZone: zone })
    formats.set(key, formatter)
  }
  return formatter.format(ms)
}

export function timeText(ms: number, zone: string): string {
  return format(ms, zone, { hour: 'numeric', minute: '2-digit' })
}

/** Date and time in full: "1 Dec 2026, 14:03:22". */
export function momentText(ms: number, zone: string): string {
  return format(ms, zone, { dateStyle: 'medium', timeStyle: 'medium' })
}

/** A day as people say it: Yesterday, Today, Tomorrow, a weekday within a week, else the date. */
export function dayText(day: Day, today: Day): string {
  const days = daysBetween(today, day)
  const ms = Date.parse(`${day}T12:00Z`)
  if (days === 0) return 'Today'
  if (days === 1) return 'Tomorrow'
  if (days === -1) return 'Yesterday'
  if (days > 1 && days < 7) return format(ms, 'UTC', { weekday: 'long' })
  const sameYear = day.slice(0, 4) === today.slice(0, 4)
  return format(ms, 'UTC', { weekday: 'short', day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) })
}

/** How long to wait: "1 s", "90 s", "3 min". Never less than is left. */
export function waitText(ms: number): string {
  return ms <= 99_000 ? `${Math.max(1, Math.ceil(ms / 1000))} s` : `${Math.ceil(ms / 60_000)} min`
}

/** "just now", "5 minutes ago", "in 2 hours", else day and time. */
export function agoText(ms: number, zone: string, at = now()): string {
  // What is less than a minute away is now: the time to compare with may be half a minute old.
  const minutes = Math.trunc((ms - at) / 60_000)
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  if (minutes === 0) return 'just now'
  if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute')
  if (Math.abs(minutes) < 12 * 60) return relative.format(Math.round(minutes / 60), 'hour')
  return `${dayText(dayOf(ms, zone), dayOf(at, zone))}, ${timeText(ms, zone)}`
}
