import { useEffect, useState, useSyncExternalStore } from 'react'
import { api, okWithResponse } from '@/api'
import { useScope } from '@/app/scope'
import { placeOf } from '@/live'
import { ActivityLog, type ReadEvents } from './log'

function restEvents(user: string): ReadEvents {
  return async (after, limit) => {
    const { data, response } = await okWithResponse(
      api.GET('/api/{user_id}/events', { params: { path: { user_id: user }, query: { limit, ...(after === undefined ? {} : { after: String(after) }) } } }),
    )
    const place = placeOf(response.headers.get('x-stream-position'))
    return { events: data, head: place?.position ?? 0, epoch: place?.epoch }
  }
}

/** The user's stream, as long as the screen is open. What is live says that there is more; the events themselves are read. */
export function useActivity() {
  const { user: { id: user }, live } = useScope()
  const [log] = useState(() => new ActivityLog(restEvents(user)))
  useEffect(() => void log.open(), [log])
  useEffect(() => {
    // Also when the list was loaded anew: there is no message of what came before that.
    const follow = () => {
      const place = live.position()
      // What could not be read without a network is read when there is one.
      if (live.connection() === 'connected' && log.snapshot().error !== undefined) void log.retry()
      else if (place) void log.catchUp(place.position, place.epoch)
    }
    const off = [live.onMessage(follow), live.onConnection(follow)]
    return () => off.forEach((stop) => stop())
  }, [log, live])
  return { log, ...useSyncExternalStore(log.subscribe, log.snapshot) }
}
