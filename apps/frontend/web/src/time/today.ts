import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { now, onClockChange, useClockOffset } from './clock'
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

/** Now, cut to half a minute, so that what it is drawn with stays the same meanwhile. Renders anew when the next one begins. */
export function useNow(everyMs = 30_000): number {
  return useSyncExternalStore(
    useCallback((listener) => onTurn(everyMs, listener), [everyMs]),
    () => Math.floor(now() / everyMs) * everyMs,
  )
}

/** Timers end a little early or late, and not at all while a machine sleeps. */
function onTurn(everyMs: number, listener: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const wait = () => {
    timer = setTimeout(() => {
      listener()
      wait()
    }, everyMs - (now() % everyMs) + 5)
  }
  wait()
  const off = onClockChange(listener)
  document.addEventListener('visibilitychange', listener)
  return () => {
    clearTimeout(timer)
    off()
    document.removeEventListener('visibilitychange', listener)
  }
}
