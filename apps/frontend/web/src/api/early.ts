declare global {
  /** Answers that index.html asked for before the page's code was there, by path. */
  var early: Map<string, Promise<Response>> | undefined
}

/** What was not taken by then (by performance.now) is too old, and is asked for anew. */
const FRESH_MS = 10_000

/** The answer to a first GET, once, where index.html asked for it. Rejects as fetch does. */
export function takeEarly(input: RequestInfo | URL, init: RequestInit): Promise<Response> | undefined {
  const method = input instanceof Request ? input.method : (init.method ?? 'GET')
  if (!globalThis.early || method !== 'GET' || performance.now() > FRESH_MS) return undefined
  const { pathname, search } = new URL(input instanceof Request ? input.url : input, location.origin)
  const answer = globalThis.early.get(pathname + search)
  globalThis.early.delete(pathname + search)
  return answer
}
