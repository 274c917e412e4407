import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect } from 'react'
import { api, ok, type Notification } from '@/api'
import { useScope, useStream, useUser } from '@/app/scope'
import type { StreamMessage } from '@/live'
import { arrived } from './changes'
import { send } from './send'
import { keepReadUntil, keepWrites, keptReadUntil, keptWrites, withWrites, type Writes } from './writes'

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

async function list(user: string, unreadOnly: boolean): Promise<Notification[]> {
  const answer = await ok(api.GET('/api/{user_id}/notifications', { params: { path: { user_id: user }, query: { limit: MOST, ...(unreadOnly ? { unread_only: true } : {}) } } }))
  const seen = withWrites(answer, keptWrites(user), keptReadUntil(user))
  return unreadOnly ? seen.filter((n) => !n.read) : seen
}

/** Once, in the header: what the stream says is in the lists at once, and what was done without a network goes out. */
export function useArrivals(): void {
  const { user, live } = useScope()
  const queries = useQueryClient()
  useStream(useCallback((message: StreamMessage) => {
    if (message.type !== 'notification-created') return
    for (const key of [all(user.id), unread(user.id)]) queries.setQueryData<Notification[]>(key, (kept) => kept && arrived(kept, message))
  }, [queries, user.id]))
  useEffect(() => {
    const sendNow = () => {
      if (live.connection() === 'connected') void send(queries, user.id)
    }
    sendNow()
    return live.onConnection(sendNow)
  }, [live, queries, user.id])
}

/** What can be done to notifications. Each shows at once and is kept until the server has it; should the server refuse, it comes back. */
export function useNotificationChanges() {
  const user = useUser().id
  const queries = useQueryClient()
  const change = (writes: Writes, until = '') => {
    keepWrites(user, writes)
    keepReadUntil(user, until)
    void queries.cancelQueries({ queryKey: ['notifications', user] })
    queries.setQueryData<Notification[]>(all(user), (kept) => kept && withWrites(kept, writes, until))
    queries.setQueryData<Notification[]>(unread(user), (kept) => kept && withWrites(kept, writes, until).filter((n) => !n.read))
    void send(queries, user)
  }
  return {
    read(id: string) {
      change({ [id]: 'read' })
    },
    remove(id: string) {
      change({ [id]: 'gone' })
    },
    /** Those in sight, and older ones that only the server knows; one that comes before this is sent stays unread. */
    readAll() {
      const seen = [...(queries.getQueryData<Notification[]>(all(user)) ?? []), ...(queries.getQueryData<Notification[]>(unread(user)) ?? [])]
      change({}, seen.map((n) => n.createdAt).sort().at(-1))
    },
  }
}
