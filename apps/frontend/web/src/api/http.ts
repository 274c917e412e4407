import { learnServerTime } from '@/time/clock'
import { takeEarly } from './early'
import { ApiError } from './errors'

/** How long an answer may take. A person who waits longer thinks that the page hangs. */
export const DEADLINE_MS = 15_000

/**
 * fetch with a deadline. Rejects with an ApiError of the kind `network` or `timeout`; an answer of any
 * status resolves. An abort by the caller's own signal is passed on as it is.
 */
export async function request(input: RequestInfo | URL, init: RequestInit = {}, deadline = DEADLINE_MS): Promise<Response> {
  const own = input instanceof Request ? input.signal : init.signal
  const late = AbortSignal.timeout(deadline)
  const early = takeEarly(input, init)
  const sent = early ? performance.timeOrigin : Date.now()
  try {
    const response = await (early ?? fetch(input, { ...init, signal: own ? AbortSignal.any([own, late]) : late }))
    learnServerTime(response.headers.get('date'), sent)
    return response
  } catch (error) {
    if (own?.aborted) throw error
    if (error instanceof DOMException && error.name === 'TimeoutError') throw new ApiError('timeout', 'The server did not answer in time.')
    throw new ApiError('network', 'There is no connection to the server.')
  }
}
