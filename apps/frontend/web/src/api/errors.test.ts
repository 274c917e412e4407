import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ApiError, errorOf, errorText } from './errors'
import { request } from './http'
import { patience, shouldRetry } from './retry'
import { claimsOf } from './token'

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers: { 'content-type': typeof body === 'string' ? 'text/html' : 'application/problem+json', ...headers } })

describe('an answer that is no success', () => {
  test.each([
    [401, { detail: 'the token has expired' }, 'signed-out', /Sign in again/],
    [404, { detail: 'no such task' }, 'refused', /^No such task\.$/],
    [412, { detail: 'If-Match does not hold' }, 'refused', /^If-Match/],
    [422, { detail: 'the body breaks a rule', errors: [{ field: 'title', message: 'must not be empty' }] }, 'refused', /breaks a rule/],
    [429, {}, 'busy', /Too many requests/],
    [500, { detail: 'internal' }, 'broken', /Nothing you entered is lost/],
    [502, '<html>Bad Gateway</html>', 'broken', /Nothing you entered is lost/],
    [503, { detail: 'the database is down' }, 'busy', /database is down/],
    [507, { detail: 'the disk is full' }, 'broken', /could not do this/],
    [404, '<html>', 'refused', /answered 404/],
    [422, 'not json at all', 'refused', /answered 422/],
  ])('%i %j is %s, and says what to do', async (status, body, kind, words) => {
    const error = await errorOf(answer(status, body))
    expect(error).toMatchObject({ kind, status })
    expect(errorText(error)).toMatch(words)
  })

  test('names the fields that are wrong, and the request', async () => {
    const error = await errorOf(answer(422, { errors: [{ field: 'title', message: 'must not be empty' }], requestId: 'r1' }))
    expect(error).toMatchObject({ fields: [{ field: 'title', message: 'must not be empty' }], requestId: 'r1' })
  })

  test.each([
    ['7', 7000],
    ['999999', 3_600_000],
    ['Mon, 30 Nov 2026 10:00:30 GMT', 30_000],
    ['Mon, 30 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
  ])('Retry-After %s is %s ms, whatever the clock here says', async (value, ms) => {
    const error = await errorOf(answer(429, {}, { 'retry-after': value, date: 'Mon, 30 Nov 2026 10:00:00 GMT' }))
    expect(error.retryAfterMs).toBe(ms)
  })

  test.each([
    [429, '7', /^Too many requests at once\. Try again in 7 s\.$/],
    [429, '600', /Try again in 10 min\.$/],
    [429, 'soon', /Try again in a moment\.$/],
    [503, '0', /not ready\. Try again in 1 s\.$/],
  ])('%i with Retry-After %s says when to try again', async (status, value, words) => {
    expect(errorText(await errorOf(answer(status, {}, { 'retry-after': value })))).toMatch(words)
  })

  test('that is JSON, and no object, breaks nothing', async () => {
    for (const body of [null, [], 5, 'text']) expect(await errorOf(answer(400, JSON.stringify(body), { 'content-type': 'application/json' }))).toBeInstanceOf(ApiError)
  })
})

describe('a request', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  test('without a network is an error that passes', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    await expect(request('/x')).rejects.toMatchObject({ kind: 'network', passes: true })
  })

  test('that is never answered ends at its deadline', async () => {
    vi.useRealTimers()
    vi.stubGlobal('fetch', (_url: string, { signal }: RequestInit) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))))
    await expect(request('/x', {}, 20)).rejects.toMatchObject({ kind: 'timeout', passes: true })
  })

  test('that the page gave up is no error to show', async () => {
    vi.useRealTimers()
    const stop = new AbortController()
    vi.stubGlobal('fetch', (_url: string, { signal }: RequestInit) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))))
    const asked = request('/x', { signal: stop.signal })
    stop.abort()
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
  })
})

test('what may pass is asked for again, and no more often than three times', () => {
  const busy = new ApiError('busy', '', { retryAfterMs: 5000 })
  expect([0, 1, 2, 3].map((n) => shouldRetry(n, busy))).toEqual([true, true, true, false])
  expect(shouldRetry(0, new ApiError('refused', ''))).toBe(false)
  expect(shouldRetry(0, new Error('a bug'))).toBe(false)
  expect(patience(0, busy)).toBeGreaterThanOrEqual(5000)
  expect(patience(10, new ApiError('network', ''))).toBeLessThanOrEqual(37_500)
})

describe('a token', () => {
  const token = (body: unknown) => `h.${btoa(JSON.stringify(body)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}.s`
  test.each([
    [{ sub: 'ann', scope: 'operator audit', iat: 1000, exp: 1900 }, { sub: 'ann', scope: ['operator', 'audit'], lifetimeMs: 900_000 }],
    [{ id: 'ann', scope: ['operator'], exp: 1900 }, { sub: 'ann', scope: ['operator'], lifetimeMs: 60_000 }],
    [{ sub: 'ann', scope: 5 }, { sub: 'ann', scope: [], lifetimeMs: 60_000 }],
  ])('%j', (body, claims) => {
    expect(claimsOf(token(body))).toEqual(claims)
  })
  test.each(['', 'x', 'a.b.c', token({}), token([])])('%s is none', (text) => {
    expect(claimsOf(text)).toBeUndefined()
  })
})
