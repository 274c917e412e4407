declare global {
  /** Answers that index.html asked for before the page's code was there, by path. */
  var early: Map<string, Promise<Response>> | undefined
  /** What the browser remembered of its user then; undefined where it keeps nothing. */
  var earlyUser: string | null | undefined
}

/** What was not taken by then (by performance.now) is too old, and is asked for anew. */
const FRESH_MS = 10_000

/** The answer to a first GET, once, where index.html asked for it. Rejects as fetch does. */
export function takeEarly(input: RequestInfo | URL, init: RequestInit): Promise<Response> | undefined {
  const method = input instanceof Request ? input.method : (init.method ?? 'GET')
  if (!globalThis.early || method !== 'GET' || performance.now() > FRESH_MS) return undefined
  forgetOutdated()
  const { pathname, search } = new URL(input instanceof Request ? input.url : input, location.origin)
  const answer = globalThis.early.get(pathname + search)
  globalThis.early.delete(pathname + search)
  return answer
}

/** Another tab signed out, or somebody in, while the code was on its way: the answers are of a session that is over. Looked at once, by the first who asks. */
function forgetOutdated(): void {
  const before = globalThis.earlyUser
  globalThis.earlyUser = undefined
  try {
    if (before !== undefined && before !== localStorage.getItem('tasktide:user')) globalThis.early?.clear()
  } catch {
    // Nothing can be remembered here.
  }
}
