import { useEffect, useState } from 'react'
import { now, useClockOffset } from './clock'
import { addDays, dayOf, startOfDay, type Day } from './zone'

/** Timers of a browser stop while a machine sleeps, so a long wait is looked at again meanwhile. */
const LOOK_EVERY_MS = 60_000

/** The day that it is now in the zone. Changes at midnight there, or when the tab or the machine wakes up after it. */
export function useToday(zone: string): Day {
  const offset = useClockOffset()
  const [today, setToday] = useState(() => dayOf(now(), zone))
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const look = () => {
      const day = dayOf(now(), zone)
      setToday(day)
      clearTimeout(timer)
      timer = setTimeout(look, untilNextLook(day, zone))
    }
    look()
    document.addEventListener('visibilitychange', look)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [zone, offset])
  return today
}

export function untilNextLook(today: Day, zone: string): number {
  return Math.max(50, Math.min(startOfDay(addDays(today, 1), zone) - now() + 20, LOOK_EVERY_MS))
}

/** Renders anew every half a minute, for what says how long ago something was, or turns overdue. Returns now. */
export function useNow(everyMs = 30_000): number {
  const [time, setTime] = useState(now)
  useEffect(() => {
    const timer = setInterval(() => setTime(now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return time
}
