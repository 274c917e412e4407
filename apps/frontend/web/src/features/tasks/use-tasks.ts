import { useMemo, useSyncExternalStore } from 'react'
import { useZone } from '@/app/preferences'
import { useScope } from '@/app/scope'
import type { View } from '@/store'
import { useToday } from '@/time'
import { todayCounts } from './list-model'

export function useTasks(): View {
  const { tasks } = useScope()
  return useSyncExternalStore(tasks.subscribe, tasks.snapshot)
}

/** How many tasks are due up to today. */
export function useOpenToday(): number {
  const { rows } = useTasks()
  const zone = useZone()
  const today = useToday(zone)
  return useMemo(() => todayCounts(rows, zone, today).open, [rows, zone, today])
}
