import { addDays, dayOf, instantOf, partsOf } from '@/time'

export type Snooze = { label: string; at: number }

const MINUTE = 60_000

/** Until when a reminder can be put off. Never the same moment twice. */
export function snoozes(now: number, zone: string): Snooze[] {
  const today = dayOf(now, zone)
  const evening = instantOf({ ...partsOf(today), hour: 18, minute: 0 }, zone)
  const morning = instantOf({ ...partsOf(addDays(today, 1)), hour: 9, minute: 0 }, zone)
  return [
    { label: 'In 10 minutes', at: now + 10 * MINUTE },
    { label: 'In 1 hour', at: now + 60 * MINUTE },
    ...(evening > now + 90 * MINUTE ? [{ label: 'This evening', at: evening }] : []),
    { label: 'Tomorrow morning', at: morning },
  ]
}
