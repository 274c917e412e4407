import type { QueryClient } from '@tanstack/react-query'
import { api, ApiError, errorText, ok, patience } from '@/api'
import { toast } from '@/ui'
import { dropReadUntil, dropWrite, keepWait, keptReadUntil, keptWait, keptWrites, type Write } from './writes'

type Sending = { running: Promise<void>; failures: number; timer?: ReturnType<typeof setTimeout> }
const sendings = new Map<string, Sending>()

/** Sends what is kept, one after the other, that all are read at once, and not before the server wants it. What there is no answer to stays, and is tried again. */
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
  const [until, writes] = [keptReadUntil(user), Object.entries(keptWrites(user))]
  if (until) {
    const failure = await settled(sendReadUntil(user, until), 'They could not be marked as read.')
    if (failure) return failure
    dropReadUntil(user, until)
  }
  for (const [id, write] of writes) {
    const failure = await settled(sendWrite(user, id, write), write === 'read' ? 'It could not be marked as read.' : 'It could not be deleted.')
    if (failure) return failure
    dropWrite(user, id, write)
  }
  if (until || writes.length > 0) void queries.invalidateQueries({ queryKey: ['notifications', user] })
  return undefined
}

/** Returns why it has to be sent again; what is refused is said. */
async function settled(sent: Promise<unknown>, refused: string): Promise<unknown> {
  try {
    await sent
  } catch (error) {
    if (!(error instanceof ApiError) || error.passes || error.kind === 'signed-out') return error
    // Deleted on another device meanwhile: so it is as the person wants it.
    if (error.status !== 404) toast({ tone: 'danger', text: refused, detail: errorText(error) })
  }
  return undefined
}

function sendReadUntil(user: string, until: string): Promise<unknown> {
  return ok(api.PATCH('/api/{user_id}/notifications/read-all', { params: { path: { user_id: user }, query: { until } } }))
}

function sendWrite(user: string, id: string, write: Write): Promise<unknown> {
  const params = { path: { user_id: user, id } }
  return write === 'read' ? ok(api.PATCH('/api/{user_id}/notifications/{id}/read', { params })) : ok(api.DELETE('/api/{user_id}/notifications/{id}', { params }))
}
