import { browserZone, offsetAt } from '@/time'

/** All zones to choose from, by name; always with those that are in use. */
export function zoneOptions(inUse: string, at: number): { value: string; label: string }[] {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : []
  return [...new Set(['UTC', inUse, browserZone(), ...known])].sort().map((value) => ({ value, label: `${value.replaceAll('_', ' ')} (${offsetText(offsetAt(at, value))})` }))
}

/** "UTC+5:30". */
export function offsetText(minutes: number): string {
  if (minutes === 0) return 'UTC'
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`
}
