import { useSyncExternalStore } from 'react'
import { useScope } from '@/app/scope'
import type { View } from '@/store'

export function useTasks(): View {
  const { tasks } = useScope()
  return useSyncExternalStore(tasks.subscribe, tasks.snapshot)
}
