import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createContext, use, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react'
import { accessToken, forgetSession, patience, shouldRetry, type User } from '@/api'
import { Live, type Connection, type StreamMessage } from '@/live'
import { TaskStore } from '@/store'

/** What belongs to one signed-in user, and ends with them. */
type Scope = { user: User; live: Live; tasks: TaskStore; queries: QueryClient }

const ScopeContext = createContext<Scope | undefined>(undefined)

/** Everything below it is of one user; give it the user's id as key. */
export function UserScope({ user, expired, children }: { user: User; expired: boolean; children: ReactNode }) {
  const [parts] = useState(() => open(user.id))
  useEffect(() => parts.start(), [parts])
  useEffect(() => {
    if (!expired) parts.hurry()
  }, [parts, expired])
  return (
    <ScopeContext value={{ user, live: parts.live, tasks: parts.tasks, queries: parts.queries }}>
      <QueryClientProvider client={parts.queries}>{children}</QueryClientProvider>
    </ScopeContext>
  )
}

function open(user: string) {
  const queries = new QueryClient({
    defaultOptions: {
      // The browser's word for being online says little: each request finds out itself, and a screen says what came of it.
      queries: { networkMode: 'always', retry: (failures, error) => navigator.onLine && shouldRetry(failures, error), retryDelay: patience, refetchOnReconnect: true, staleTime: 30_000 },
      mutations: { networkMode: 'always', retry: false },
    },
  })
  const tasks = new TaskStore(user)
  const live = new Live({
    user,
    token: (refused) => accessToken(user, refused),
    reload: async () => {
      const place = await tasks.reload()
      // Whatever else was missed is asked for again.
      void queries.invalidateQueries()
      return place
    },
    erased: forgetSession,
  })
  return {
    queries,
    tasks,
    live,
    hurry() {
      live.hurry()
      void tasks.send()
    },
    start() {
      let over = false
      const off = [
        live.onMessage((message) => tasks.apply(message)),
        live.onConnection(() => {
          if (live.connection() !== 'connected') return
          void tasks.send()
          void queries.refetchQueries({ type: 'active', predicate: ({ state }) => state.status === 'error' || state.fetchFailureCount > 0 })
        }),
      ]
      void tasks.open().then((place) => over || live.start(place))
      return () => {
        over = true
        for (const stop of off) stop()
        live.stop()
        tasks.close()
      }
    },
  }
}

export function useScope(): Scope {
  const scope = use(ScopeContext)
  if (!scope) throw new Error('This part of the page needs a signed-in user.')
  return scope
}

export function useUser(): User {
  return useScope().user
}

export function useConnection(): Connection {
  const { live } = useScope()
  return useSyncExternalStore(live.onConnection, live.connection)
}

/** Calls the handler for every change of the user's stream, in order, while the component is there. */
export function useStream(handler: (message: StreamMessage) => void): void {
  const { live } = useScope()
  useEffect(() => live.onMessage(handler), [live, handler])
}
