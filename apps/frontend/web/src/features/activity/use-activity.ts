import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { api, okWithResponse } from '@/api'
import { useScope, useStream } from '@/app/scope'
import { placeOf, type StreamMessage } from '@/live'
import { ActivityLog, type ReadEvents } from './log'

function restEvents(user: string): ReadEvents {
  return async (after, limit) => {
    const { data, response } = await okWithResponse(
      api.GET('/api/{user_id}/events', { params: { path: { user_id: user }, query: { limit, ...(after === undefined ? {} : { after: String(after) }) } } }),
    )
    return { events: data, head: placeOf(response.headers.get('x-stream-position'))?.position ?? 0 }
  }
}

/** The user's stream, as long as the screen is open. What is live says that there is more; the events themselves are read. */
export function useActivity() {
  const { user: { id: user }, live } = useScope()
  const [log] = useState(() => new ActivityLog(restEvents(user)))
  useEffect(() => void log.open(), [log])
  useStream(useCallback((message: StreamMessage) => void log.catchUp(message.position), [log]))
  // What could not be read without a network is read when there is one.
  useEffect(
    () =>
      live.onConnection(() => {
        if (live.connection() === 'connected' && log.snapshot().error !== undefined) void log.retry()
      }),
    [live, log],
  )
  return { log, ...useSyncExternalStore(log.subscribe, log.snapshot) }
}
