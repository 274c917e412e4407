// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ApiError } from './errors'

type Client = { getSession: ReturnType<typeof vi.fn>; token: ReturnType<typeof vi.fn>; signOut: ReturnType<typeof vi.fn> }
const client: Client = { getSession: vi.fn(), token: vi.fn(), signOut: vi.fn() }
vi.mock('./auth-client', () => ({ authClient: client }))

const jwt = (sub: string, scope = '', life = 900) => `h.${btoa(JSON.stringify({ sub, scope, iat: 1000, exp: 1000 + life }))}.s${Math.random()}`
const ann = { id: 'ann', name: 'Ann', email: 'ann@example.org' }

function answersSession(user: typeof ann | null, token?: string): void {
  client.getSession.mockImplementation((options: { fetchOptions: { onSuccess(c: unknown): void } }) => {
    options.fetchOptions.onSuccess({ response: new Response(null, token ? { headers: { 'set-auth-jwt': token } } : {}) })
    return Promise.resolve({ data: user && { user }, error: null })
  })
}

/** What one tab posts arrives in the others. */
class Channel {
  private static all: Channel[] = []
  private readonly listeners: ((event: { data: unknown }) => void)[] = []
  constructor() {
    Channel.all.push(this)
  }
  addEventListener(_type: string, listener: (event: { data: unknown }) => void): void {
    this.listeners.push(listener)
  }
  postMessage(data: unknown): void {
    for (const other of Channel.all) if (other !== this) for (const listener of other.listeners) listener({ data })
  }
  static reset(): void {
    Channel.all = []
  }
}

/** A tab that is opened. */
async function fresh() {
  vi.resetModules()
  return import('./session')
}

beforeEach(() => {
  localStorage.clear()
  Channel.reset()
  vi.stubGlobal('BroadcastChannel', Channel)
  vi.useFakeTimers()
  for (const mock of Object.values(client)) mock.mockReset()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('who is signed in', () => {
  test('is what the server says, with the scope of the token', async () => {
    const session = await fresh()
    answersSession(ann, jwt('ann', 'operator'))
    await session.openSession()
    expect(session.currentSession()).toEqual({ status: 'signed-in', user: { ...ann, scope: ['operator'] } })
    expect(client.token).not.toHaveBeenCalled()
  })

  test('is nobody without a session', async () => {
    const session = await fresh()
    answersSession(null)
    await session.openSession()
    expect(session.currentSession()).toEqual({ status: 'signed-out' })
  })

  test('is remembered, and there at once, also without a network', async () => {
    const before = await fresh()
    answersSession(ann, jwt('ann'))
    await before.openSession()
    const session = await fresh()
    client.getSession.mockRejectedValue(new ApiError('network', ''))
    const opened = session.openSession()
    expect(session.currentSession()).toMatchObject({ status: 'signed-in', user: { id: 'ann' } })
    await opened
    expect(session.currentSession()).toMatchObject({ status: 'signed-in', user: { id: 'ann' } })
  })

  test('is not known without a network when nobody is remembered', async () => {
    const session = await fresh()
    client.getSession.mockResolvedValue({ data: null, error: { status: 502 } })
    await session.openSession()
    expect(session.currentSession()).toMatchObject({ status: 'unreachable', error: { kind: 'broken' } })
  })

  test('stays on the screen when the session has ended meanwhile', async () => {
    const session = await fresh()
    answersSession(ann, jwt('ann'))
    await session.openSession()
    answersSession(null)
    await session.checkSession()
    expect(session.currentSession()).toMatchObject({ status: 'expired', user: { id: 'ann' } })
    answersSession(ann, jwt('ann'))
    await session.sessionBegan()
    expect(session.currentSession()).toMatchObject({ status: 'signed-in', user: { id: 'ann' } })
  })

  test('a browser that forbids storage is no obstacle', async () => {
    const session = await fresh()
    const spies = [vi.spyOn(localStorage, 'getItem'), vi.spyOn(localStorage, 'setItem'), vi.spyOn(localStorage, 'removeItem')]
    for (const spy of spies) {
      spy.mockImplementation(() => {
        throw new DOMException('denied', 'SecurityError')
      })
    }
    answersSession(ann, jwt('ann'))
    await session.openSession()
    expect(session.currentSession()).toMatchObject({ status: 'signed-in' })
    client.signOut.mockResolvedValue({ error: null })
    await session.signOut()
    expect(session.currentSession()).toEqual({ status: 'signed-out' })
    for (const spy of spies) spy.mockRestore()
  })
})

describe('the token', () => {
  test('is asked for once by many, and used for most of its life', async () => {
    const session = await fresh()
    client.token.mockImplementation(() => Promise.resolve({ data: { token: jwt('ann') }, error: null }))
    const [a, b] = await Promise.all([session.accessToken(), session.accessToken()])
    expect(a).toBe(b)
    await vi.advanceTimersByTimeAsync(700_000)
    expect(await session.accessToken()).toBe(a)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await session.accessToken()).not.toBe(a)
    expect(client.token).toHaveBeenCalledTimes(2)
  })

  test('that the server refused is replaced', async () => {
    const session = await fresh()
    client.token.mockImplementation(() => Promise.resolve({ data: { token: jwt('ann') }, error: null }))
    const first = await session.accessToken()
    expect(await session.accessToken(undefined, first)).not.toBe(first)
    // Somebody else replaced it already.
    expect(await session.accessToken(undefined, first)).toBe(await session.accessToken())
    expect(client.token).toHaveBeenCalledTimes(2)
  })

  test('is not there without a session: that is said, and the screen stays', async () => {
    const session = await fresh()
    answersSession(ann, jwt('ann', '', 1))
    await session.openSession()
    await vi.advanceTimersByTimeAsync(1000)
    client.token.mockResolvedValue({ data: null, error: { status: 401 } })
    await expect(session.accessToken()).rejects.toMatchObject({ kind: 'signed-out' })
    expect(session.currentSession()).toMatchObject({ status: 'expired', user: { id: 'ann' } })
  })

  test('of the session before does not come into the next one', async () => {
    const session = await fresh()
    let answer: (value: unknown) => void = () => undefined
    client.token.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)))
    const old = session.accessToken()
    answersSession({ ...ann, id: 'bob' }, jwt('bob'))
    await session.sessionBegan()
    answer({ data: { token: jwt('ann') }, error: null })
    await expect(old).rejects.toMatchObject({ kind: 'signed-out' })
    expect(atob((await session.accessToken()).split('.')[1] ?? '')).toContain('bob')
  })
})

describe('another tab', () => {
  const bob = { ...ann, id: 'bob' }

  async function twoTabs() {
    answersSession(ann, jwt('ann'))
    const first = await fresh()
    await first.openSession()
    const second = await fresh()
    await second.openSession()
    client.signOut.mockResolvedValue({ error: null })
    return { first, second }
  }

  test('that signs out signs this one out, and its token is gone', async () => {
    const { first, second } = await twoTabs()
    await first.signOut()
    expect(second.currentSession()).toEqual({ status: 'signed-out' })
    expect(second.tokenAtHand('ann')).toBeUndefined()
    expect(second.rememberedUser()).toBeUndefined()
  })

  test('that signs in signs this one in, also where the session had ended', async () => {
    const { first, second } = await twoTabs()
    answersSession(null)
    await second.checkSession()
    expect(second.currentSession().status).toBe('expired')
    answersSession(ann, jwt('ann'))
    await first.sessionBegan()
    await vi.waitFor(() => expect(second.currentSession().status).toBe('signed-in'))
    await first.signOut()
    answersSession(bob, jwt('bob'))
    await first.sessionBegan()
    await vi.waitFor(() => expect(second.currentSession()).toMatchObject({ status: 'signed-in', user: { id: 'bob' } }))
  })

  test('that signed out while this one slept is followed when this one wakes', async () => {
    const { first, second } = await twoTabs()
    Channel.reset()
    localStorage.removeItem('tasktide:user')
    window.dispatchEvent(new Event('pageshow'))
    expect(second.currentSession()).toEqual({ status: 'signed-out' })
    expect(first.currentSession()).toEqual({ status: 'signed-out' })
  })

  test('that signed out while this one asked is not taken for a session that has expired', async () => {
    const { second } = await twoTabs()
    Channel.reset()
    localStorage.removeItem('tasktide:user')
    answersSession(null)
    await second.checkSession()
    expect(second.currentSession()).toEqual({ status: 'signed-out' })
  })

  test("in which somebody else signed in: this one's user gets none of their tokens, and their screen follows", async () => {
    const { second } = await twoTabs()
    Channel.reset()
    answersSession(bob, jwt('bob'))
    client.token.mockImplementation(() => Promise.resolve({ data: { token: jwt('bob') }, error: null }))
    await expect(second.accessToken('ann', second.tokenAtHand('ann'))).rejects.toMatchObject({ kind: 'signed-out' })
    await vi.waitFor(() => expect(second.currentSession()).toMatchObject({ status: 'signed-in', user: { id: 'bob' } }))
    await expect(second.accessToken('ann')).rejects.toMatchObject({ kind: 'signed-out' })
    expect(second.tokenAtHand('ann')).toBeUndefined()
    expect(second.tokenAtHand('bob')).toBeDefined()
  })
})

test('signing out fails, and says so, when the server can not be asked', async () => {
  const session = await fresh()
  answersSession(ann, jwt('ann'))
  await session.openSession()
  client.signOut.mockResolvedValue({ error: { status: 503 } })
  await expect(session.signOut()).rejects.toMatchObject({ kind: 'busy' })
  expect(session.currentSession()).toMatchObject({ status: 'signed-in' })
})
