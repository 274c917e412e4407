import { useEffect, useMemo, useState } from 'react'
import { dayOf, dayText, timeText, type Day } from '@/time'
import { dueInstant } from './due'

type NextDates = typeof import('./next-dates').nextDates

let loaded: NextDates | undefined

type Props = {
  rule: string
  /** Where the series began, if that was not at `due`. */
  start?: number | undefined
  due: number
  zone: string
  today: Day
  end?: Day | undefined
}

/** The next three dates of a recurrence, after the one that the task is due at. */
export function Ahead({ rule, start = undefined, due, zone, today, end }: Props) {
  const [nextDates, setNextDates] = useState(() => loaded)
  useEffect(() => {
    if (loaded) return
    let over = false
    import('./next-dates').then(
      (module) => {
        loaded = module.nextDates
        if (!over) setNextDates(() => loaded)
      },
      () => undefined,
    )
    return () => {
      over = true
    }
  }, [])
  const text = useMemo(() => {
    if (!nextDates) return undefined
    const last = end === undefined ? undefined : dueInstant({ day: end, time: { hour: 23, minute: 59 } }, zone)
    const dates = nextDates({ rule, start: start ?? due, zone, end: last }, due, 3)
    const withTime = rule.startsWith('FREQ=HOURLY')
    return dates.map((ms) => (withTime ? `${dayText(dayOf(ms, zone), today)} ${timeText(ms, zone)}` : dayText(dayOf(ms, zone), today)))
  }, [nextDates, rule, start, due, zone, today, end])
  if (!text) return null
  return <span className="num text-xs text-ink-3">{text.length > 0 ? `then ${text.join(' · ')}` : 'and not again after that'}</span>
}
