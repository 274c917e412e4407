import { useEffect, useState } from 'react'
import { now, waitText } from '@/time'
import { useTasks } from './use-tasks'

/** What the server has not taken yet, and when it is sent if the server asked to wait. */
export function NotSent() {
  const left = useTimeTo(useTasks().notBefore)
  if (left > 0) return <span>The server asked to wait: sent again in {waitText(left)}</span>
  return <span className="animate-[appear_200ms_1200ms_both]">Not sent yet</span>
}

/** How many milliseconds are left, second by second; 0 when it is over. */
function useTimeTo(moment: number): number {
  const [at, setAt] = useState(now)
  useEffect(() => {
    const look = () => {
      setAt(now())
      if (moment <= now()) clearInterval(clock)
    }
    const clock = setInterval(look, 1000)
    look()
    return () => clearInterval(clock)
  }, [moment])
  return Math.max(moment - at, 0)
}
