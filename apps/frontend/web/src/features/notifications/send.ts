import type { QueryClient } from '@tanstack/react-query'
import { api, ApiError, errorText, ok, patience } from '@/api'
import { toast } from '@/ui'
import { dropWrite, keepWait, keptWait, keptWrites, type Write, type Writes } from './writes'

/** All at once where that is possible, else one by one. */
export async function sendAllRead(queries: QueryClient, user: string, writes: Writes): Promise<void> {
  if (keptWait(user) > 0) return send(queries, user)
  try {
    await ok(api.PATCH('/api/{user_id}/notifications/read-all', { params: { path: { user_id: user } } }))
    for (const id of Object.keys(writes)) dropWrite(user, id, 'read')
    void queries.invalidateQueries({ queryKey: ['notifications', user] })
  } catch (error) {
    heed(user, error)
    await send(queries, user)
  }
}

type Sending = { running: Promise<void>; failures: number; timer?: ReturnType<typeof setTimeout> }
const sendings = new Map<string, Sending>()

/** Sends what is kept, one after the other, and not before the server wants it. What there is no answer to stays, and is tried again. */
export function send(queries: QueryClient, user: string): Promise<void> {
  const own = sendings.get(user) ?? { running: Promise.resolve(), failures: 0 }
  sendings.set(user, own)
  clearTimeout(own.timer)
  own.running = own.running.then(async () => {
    const later = (ms: number) => {
      clearTimeout(own.timer)
      own.timer = setTimeout(() => void send(queries, user), ms)
    }
    const wait = keptWait(user)
    if (wait > 0) return later(wait)
    const failure = await sendKept(queries, user)
    own.failures = failure ? own.failures + 1 : 0
    clearTimeout(own.timer)
    heed(user, failure)
    if (failure) later(patience(own.failures, failure))
  })
  return own.running
}

function heed(user: string, failure: unknown): void {
  if (failure instanceof ApiError && failure.retryAfterMs !== undefined) keepWait(user, failure.retryAfterMs)
}

/** Returns why something is left. */
async function sendKept(queries: QueryClient, user: string): Promise<unknown> {
  const writes = Object.entries(keptWrites(user))
  for (const [id, write] of writes) {
    try {
      await sendWrite(user, id, write)
    } catch (error) {
      if (!(error instanceof ApiError) || error.passes || error.kind === 'signed-out') return error
      // Deleted on another device meanwhile: so it is as the person wants it.
      if (error.status !== 404) toast({ tone: 'danger', text: write === 'read' ? 'It could not be marked as read.' : 'It could not be deleted.', detail: errorText(error) })
    }
    dropWrite(user, id, write)
  }
  if (writes.length > 0) void queries.invalidateQueries({ queryKey: ['notifications', user] })
  return undefined
}

function sendWrite(user: string, id: string, write: Write): Promise<unknown> {
  const params = { path: { user_id: user, id } }
  return write === 'read' ? ok(api.PATCH('/api/{user_id}/notifications/{id}/read', { params })) : ok(api.DELETE('/api/{user_id}/notifications/{id}', { params }))
}
