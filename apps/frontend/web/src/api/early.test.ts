// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { request } from './http'

const path = '/api/auth/get-session'
const network = vi.fn(() => Promise.resolve(new Response('asked anew')))

beforeEach(() => {
  network.mockClear()
  vi.stubGlobal('fetch', network)
  vi.spyOn(performance, 'now').mockReturnValue(500)
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  globalThis.early = undefined
  globalThis.earlyUser = undefined
  localStorage.clear()
})

const body = async (input: RequestInfo | URL, init?: RequestInit) => (await request(input, init)).text()

test('an answer that was asked for early is taken, once', async () => {
  globalThis.early = new Map([[path, Promise.resolve(new Response('early'))]])
  expect(await body(`${location.origin}${path}`)).toBe('early')
  expect(network).not.toHaveBeenCalled()
  expect(await body(`${location.origin}${path}`)).toBe('asked anew')
})

test('only for a GET of the very address', async () => {
  globalThis.early = new Map([[path, Promise.resolve(new Response('early'))]])
  expect(await body(path, { method: 'POST' })).toBe('asked anew')
  expect(await body(`${path}?disableCookieCache=true`)).toBe('asked anew')
  expect(await body(new Request(new URL(path, location.origin)))).toBe('early')
})

test('not when it has been lying there for long', async () => {
  globalThis.early = new Map([[path, Promise.resolve(new Response('early'))]])
  vi.spyOn(performance, 'now').mockReturnValue(10_001)
  expect(await body(path)).toBe('asked anew')
})

test('one that failed says why, and the next try goes to the server', async () => {
  globalThis.early = new Map([[path, Promise.reject<Response>(new TypeError('Failed to fetch'))]])
  await expect(body(path)).rejects.toMatchObject({ kind: 'network' })
  expect(await body(path)).toBe('asked anew')
  globalThis.early = new Map([[path, Promise.reject<Response>(new DOMException('too late', 'TimeoutError'))]])
  await expect(body(path)).rejects.toMatchObject({ kind: 'timeout' })
})

test.each([
  ['signed out', 'ann', undefined],
  ['signed somebody else in', 'ann', 'bob'],
  ['signed in', null, 'ann'],
])('not when another tab %s meanwhile: it is of a session that is over', async (_name, before, after) => {
  globalThis.early = new Map([[path, Promise.resolve(new Response('early'))], ['/api/ann/tasks', Promise.resolve(new Response('early'))]])
  globalThis.earlyUser = before
  if (after) localStorage.setItem('tasktide:user', after)
  expect(await body(path)).toBe('asked anew')
  expect(await body('/api/ann/tasks')).toBe('asked anew')
})

test('the list is taken after the session, which says whose it is', async () => {
  globalThis.early = new Map([[path, Promise.resolve(new Response('early'))], ['/api/ann/tasks', Promise.resolve(new Response('early'))]])
  globalThis.earlyUser = null
  expect(await body(path)).toBe('early')
  localStorage.setItem('tasktide:user', 'ann')
  expect(await body('/api/ann/tasks')).toBe('early')
})
