import { useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { api, errorText, ok, type Notification } from '@/api'
import { useStream, useUser } from '@/app/scope'
import type { StreamMessage } from '@/live'
import { toast } from '@/ui'
import { arrived, without, withRead } from './changes'

/** The most that the API gives at once. */
export const MOST = 100

const all = (user: string) => ['notifications', user, 'all'] as const
const unread = (user: string) => ['notifications', user, 'unread'] as const

export function useNotifications() {
  const user = useUser().id
  return useQuery({ queryKey: all(user), queryFn: () => list(user, false) })
}

/** Those that were not read. There may be older ones than the newest hundred of all. */
export function useUnread() {
  const user = useUser().id
  return useQuery({ queryKey: unread(user), queryFn: () => list(user, true), staleTime: 60_000 })
}

function list(user: string, unreadOnly: boolean): Promise<Notification[]> {
  return ok(api.GET('/api/{user_id}/notifications', { params: { path: { user_id: user }, query: { limit: MOST, ...(unreadOnly ? { unread_only: true } : {}) } } }))
}

/** Once, in the header: what the stream says is in the lists at once. */
export function useArrivals(): void {
  const user = useUser().id
  const queries = useQueryClient()
  useStream(useCallback((message: StreamMessage) => {
    if (message.type !== 'notification-created') return
    for (const key of [all(user), unread(user)]) queries.setQueryData<Notification[]>(key, (kept) => kept && arrived(kept, message))
  }, [queries, user]))
}

/** What can be done to notifications. Each shows at once; should the server refuse, it comes back. */
export function useNotificationChanges() {
  const user = useUser().id
  const queries = useQueryClient()
  const change = <T,>(send: (input: T) => Promise<unknown>, show: (list: Notification[], input: T) => Notification[], failed: string) => ({
    mutationFn: send,
    onMutate: (input: T) => showAtOnce(queries, user, (kept) => show(kept, input)),
    onError: (error: unknown, _input: T, back: (() => void) | undefined) => {
      back?.()
      toast({ tone: 'danger', text: failed, detail: errorText(error) })
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: ['notifications', user] }),
  })
  const read = useMutation(change(
    (id: string) => ok(api.PATCH('/api/{user_id}/notifications/{id}/read', { params: { path: { user_id: user, id } } })),
    (kept, id) => withRead(kept, (n) => n.id === id), 'It could not be marked as read.',
  ))
  const readAll = useMutation(change(
    (_: undefined) => ok(api.PATCH('/api/{user_id}/notifications/read-all', { params: { path: { user_id: user } } })),
    (kept) => withRead(kept, () => true), 'They could not be marked as read.',
  ))
  const remove = useMutation(change(
    (id: string) => ok(api.DELETE('/api/{user_id}/notifications/{id}', { params: { path: { user_id: user, id } } })),
    (kept, id) => without(kept, id), 'It could not be deleted.',
  ))
  return { read: read.mutate, readAll: () => readAll.mutate(undefined), remove: remove.mutate }
}

/** Changes both lists, and returns how to bring back what was there. */
function showAtOnce(queries: QueryClient, user: string, show: (list: Notification[]) => Notification[]): () => void {
  void queries.cancelQueries({ queryKey: ['notifications', user] })
  const before = [queries.getQueryData<Notification[]>(all(user)), queries.getQueryData<Notification[]>(unread(user))] as const
  queries.setQueryData<Notification[]>(all(user), (kept) => kept && show(kept))
  queries.setQueryData<Notification[]>(unread(user), (kept) => kept && show(kept).filter((n) => !n.read))
  return () => {
    queries.setQueryData(all(user), before[0])
    queries.setQueryData(unread(user), before[1])
  }
}
