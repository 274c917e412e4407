import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ApiError } from '@/api/errors'
import type { Channel, End, Open } from './channel'
import { Live } from './live'
import type { Place, ServerMessage, StreamMessage } from './messages'

vi.mock('./websocket', () => ({ openWebSocket: undefined }))
vi.mock('./sse', () => ({ openSse: undefined }))

type Opened = Parameters<Open>[0] & { kind: string; closed: boolean; probes: number; renewed: string[] }

let opened: Opened[]
let tokens: (string | undefined)[]
let reloads: Place[]
let refuseToken: ApiError | undefined
let live: Live
const listeners = new Map<string, () => void>()

const opener = (kind: string): Open => (options) => {
  const one: Opened = { ...options, kind, closed: false, probes: 0, renewed: [] }
  opened.push(one)
  const channel: Channel = { probe: () => one.probes++, renew: (token) => one.renewed.push(token), close: () => (one.closed = true) }
  return channel
}

const event = (position: number): StreamMessage =>
  ({ type: 'task_update', action: 'completed', event_id: `e${position}`, event_type: '', position, user_id: 'ann', timestamp: '', data: { task_id: 't' } }) as StreamMessage
const connected = (position: number, epoch = 'e'): ServerMessage => ({ type: 'connected', timestamp: '', epoch, position })
const ending = (more: Partial<End> = {}): End => ({ code: 0, opened: true, ...more })
const last = () => opened.at(-1) as Opened
const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

let seen: number[]
let erased: ReturnType<typeof vi.fn<() => void>>

beforeEach(() => {
  vi.useFakeTimers()
  opened = []
  tokens = []
  seen = []
  reloads = [{ epoch: 'e', position: 10 }]
  refuseToken = undefined
  erased = vi.fn<() => void>()
  const target = { addEventListener: (type: string, f: () => void) => listeners.set(type, f), removeEventListener: (type: string) => listeners.delete(type), visibilityState: 'visible' }
  vi.stubGlobal('window', target)
  vi.stubGlobal('document', target)
  live = new Live({
    user: 'ann',
    token: (refused) => {
      tokens.push(refused)
      return refuseToken ? Promise.reject(refuseToken) : Promise.resolve(`token-${tokens.length}`)
    },
    reload: () => Promise.resolve(reloads.shift() ?? { epoch: 'e', position: 99 }),
    erased,
    openers: { websocket: opener('ws'), sse: opener('sse') },
    random: () => 0.5,
  })
  live.onMessage((message) => seen.push(message.position))
})

afterEach(() => {
  live.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function follow(position = 10, head = position): Promise<void> {
  live.start({ epoch: 'e', position })
  await tick()
  last().message(connected(head))
}

describe('the place', () => {
  test('without one the list is loaded first, and followed from there', async () => {
    live.start()
    await tick()
    expect(last().place).toEqual({ epoch: 'e', position: 10 })
  })

  test('with one nothing is loaded', async () => {
    await follow(7)
    expect(last().place).toEqual({ epoch: 'e', position: 7 })
    expect(reloads).toHaveLength(1)
  })

  test('moves with each message, and a lost connection goes on from it', async () => {
    await follow()
    last().message(event(11))
    last().message(event(12))
    last().end(ending())
    await tick(500)
    expect(last().place).toEqual({ epoch: 'e', position: 12 })
    expect(seen).toEqual([11, 12])
  })

  test('what comes again is passed over', async () => {
    await follow()
    last().message(event(11))
    last().message(event(11))
    last().message(event(9))
    expect(seen).toEqual([11])
  })

  test('what leaves a gap is not applied: the list is loaded anew', async () => {
    await follow()
    reloads = [{ epoch: 'e', position: 20 }]
    last().message(event(13))
    await tick()
    expect(seen).toEqual([])
    expect(opened).toHaveLength(2)
    expect(last().place).toEqual({ epoch: 'e', position: 20 })
  })

  test('a resync loads the list anew, of another epoch too', async () => {
    await follow()
    reloads = [{ epoch: 'f', position: 3 }]
    last().message({ type: 'resync', reason: 'epoch' })
    await tick()
    expect(opened[0]?.closed).toBe(true)
    expect(last().place).toEqual({ epoch: 'f', position: 3 })
    last().message(connected(3, 'f'))
    last().message(event(4))
    expect(seen).toEqual([4])
  })

  test('a message of a connection that was given up has no effect', async () => {
    await follow()
    const first = last()
    reloads = [{ epoch: 'e', position: 10 }]
    first.message({ type: 'resync', reason: 'expired' })
    await tick()
    first.message(event(11))
    first.end(ending())
    expect(seen).toEqual([])
    expect(opened).toHaveLength(2)
  })
})

describe('the state', () => {
  test('is catching up until the place is where the stream was, then connected', async () => {
    await follow(10, 12)
    expect(live.connection()).toBe('catching-up')
    last().message(event(11))
    expect(live.connection()).toBe('catching-up')
    last().message(event(12))
    expect(live.connection()).toBe('connected')
  })

  test('is offline without a connection', async () => {
    await follow()
    last().end(ending())
    await tick(1000)
    expect(live.connection()).toBe('offline')
    await tick(60_000)
    expect(live.connection()).toBe('offline')
  })

  test('is never offline while a lost connection is there again in a moment', async () => {
    const states: string[] = []
    live.onConnection(() => states.push(live.connection()))
    await follow()
    last().end(ending())
    await tick(600)
    last().message(connected(10))
    await tick(60_000)
    expect(states).toEqual(['connected', 'catching-up', 'connected'])
  })

  test('is offline at once where the browser knows of no network', async () => {
    await follow()
    vi.stubGlobal('navigator', { onLine: false })
    last().end(ending())
    expect(live.connection()).toBe('offline')
  })
})

describe('coming again', () => {
  test('waits longer and longer, and at once when the network is back', async () => {
    await follow()
    for (const wait of [500, 1000, 2000, 4000]) {
      last().end(ending({ opened: true }))
      await tick(wait - 1)
      const before = opened.length
      await tick(1)
      expect(opened).toHaveLength(before + 1)
    }
    last().end(ending())
    const before = opened.length
    listeners.get('online')?.()
    await tick()
    expect(opened).toHaveLength(before + 1)
  })

  test('with a fresh token where the old one was refused', async () => {
    await follow()
    last().end(ending({ code: 4008 }))
    await tick(500)
    expect(tokens).toEqual([undefined, 'token-1'])
    expect(last().token).toBe('token-2')
  })

  test('takes server-sent events where no WebSocket opens, stays with them, and tries WebSockets when they fail', async () => {
    live.start({ epoch: 'e', position: 1 })
    await tick()
    for (let i = 0; i < 2; i++) {
      last().end(ending({ opened: false }))
      await tick(30_000)
    }
    expect(opened.map((o) => o.kind)).toEqual(['ws', 'ws', 'sse'])
    last().end(ending({ opened: true }))
    await tick(30_000)
    expect(last().kind).toBe('sse')
    last().end(ending({ opened: false }))
    await tick(30_000)
    expect(last().kind).toBe('ws')
  })

  test('goes on trying while there is no session, and at once when there is one again', async () => {
    refuseToken = new ApiError('signed-out', '')
    live.start({ epoch: 'e', position: 1 })
    await tick(1000)
    expect(live.connection()).toBe('offline')
    refuseToken = undefined
    live.hurry()
    await tick()
    expect(opened).toHaveLength(1)
  })

  test.each([0, 1006, 4001, 4002, 4003, 4008, 4009])('after %i, by itself', async (code) => {
    await follow()
    last().end(ending({ code }))
    await tick(500)
    expect(opened).toHaveLength(2)
    expect(live.refusal()).toBeUndefined()
  })

  test.each([
    [4503, 'other-user'],
    [4510, 'too-many'],
    [4511, 'other-version'],
    [4999, 'other-version'],
  ])('not after %i: that is said, and it is tried again when the person wants it', async (code, why) => {
    await follow()
    last().end(ending({ code }))
    await tick(3_600_000)
    expect(opened).toHaveLength(1)
    expect(live.connection()).toBe('refused')
    expect(live.refusal()).toBe(why)
    for (const event of ['visibilitychange', 'online']) listeners.get(event)?.()
    await tick(3_600_000)
    expect(opened).toHaveLength(1)
    live.hurry()
    await tick()
    expect(opened).toHaveLength(2)
    last().message(connected(10))
    expect(live.connection()).toBe('connected')
    expect(live.refusal()).toBeUndefined()
  })

  test('with a fresh token after 4501, and not when that is refused, too', async () => {
    await follow()
    last().end(ending({ code: 4501 }))
    await tick(500)
    expect(tokens).toEqual([undefined, 'token-1'])
    last().end(ending({ code: 4501 }))
    await tick(3_600_000)
    expect(opened).toHaveLength(2)
    expect(live.refusal()).toBe('sign-in')
  })

  test('with a fresh token after 4501 each time that it was connected in between', async () => {
    await follow()
    for (let n = 2; n < 5; n++) {
      last().end(ending({ code: 4501 }))
      await tick(500)
      expect(opened).toHaveLength(n)
      last().message(connected(10))
    }
  })

  test('is over when the data was erased', async () => {
    await follow()
    last().end(ending({ code: 4504 }))
    await tick(60_000)
    expect(erased).toHaveBeenCalledOnce()
    expect(opened).toHaveLength(1)
  })

  test('is over when it was stopped', async () => {
    await follow()
    live.stop()
    await tick(60_000)
    expect(opened).toHaveLength(1)
    expect(last().closed).toBe(true)
  })
})

test('a token that ends is replaced on the connection', async () => {
  await follow()
  last().message({ type: 'auth_expiring', expires_in: 60 })
  await tick()
  expect(tokens).toEqual([undefined, 'token-1'])
  expect(last().renewed).toEqual(['token-2'])
})

test('a page that is looked at again asks whether the connection still lives', async () => {
  await follow()
  listeners.get('visibilitychange')?.()
  expect(last().probes).toBe(1)
})
