import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef } from 'react'
import { api, ok, type AuditEntry } from '@/api'
import { useStream, useUser } from '@/app/scope'
import type { StreamMessage } from '@/live'

const PAGE = 100
/** The entry of a change is there a moment after it; with a group that lags it takes longer. */
const WAITS_MS = [200, 500, 1500, 5000, 15_000]

/** The audit trail of a task, newest first, and what comes while the screen is open. */
export function useHistory(taskId: string) {
  const user = useUser().id
  const queries = useQueryClient()
  const key = ['history', user, taskId]
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: 0,
    queryFn: ({ pageParam }) => ok(api.GET('/api/{user_id}/audit', { params: { path: { user_id: user }, query: { entity_id: taskId, limit: PAGE, offset: pageParam } } })),
    getNextPageParam: (last: AuditEntry[], pages) => (last.length < PAGE ? undefined : pages.length * PAGE),
    staleTime: 0,
  })
  const entries = unique(query.data?.pages.flat() ?? [])
  const known = useRef(entries)
  useEffect(() => {
    known.current = entries
  })
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [taskId])

  useStream(useCallback((message: StreamMessage) => {
    if (message.type !== 'task_update' || message.data['task_id'] !== taskId) return
    const look = (tries: number) => {
      clearTimeout(timer.current)
      timer.current = setTimeout(() => {
        void queries.invalidateQueries({ queryKey: ['history', user, taskId] }).then(() => {
          if (tries + 1 < WAITS_MS.length && !known.current.some((e) => e.id === message.event_id)) look(tries + 1)
        })
      }, WAITS_MS[tries])
    }
    look(0)
  }, [queries, user, taskId]))
  return { ...query, entries }
}

/** A change between two pages shifts the second one by an entry. */
function unique(entries: AuditEntry[]): AuditEntry[] {
  return [...new Map(entries.map((e) => [e.id, e])).values()]
}
