import { describe, expect, it } from 'vitest'
import type { StreamEvent } from '@/api'
import { ApiError } from '@/api/errors'
import { ActivityLog, type ReadEvents } from './log'

const event = (position: number) => ({ position, eventId: `e${position}` }) as StreamEvent

/** A stream as the server has it: positions `first` to `head`; what is before is not kept. */
function stream(first: number, head: number) {
  const state = { first, head, epoch: 'e', calls: [] as [number | undefined, number][], fail: undefined as unknown }
  const read: ReadEvents = async (after, limit) => {
    state.calls.push([after, limit])
    if (state.fail) throw state.fail
    if (after !== undefined && after < state.first - 1) throw new ApiError('refused', 'gone', { status: 410 })
    if (after !== undefined && after > state.head) throw new ApiError('refused', 'not reached', { status: 422 })
    const from = (after ?? state.first - 1) + 1
    const events = []
    for (let p = from; p <= state.head && events.length < limit; p++) events.push(event(p))
    return { events, head: state.head, epoch: state.epoch }
  }
  const log = new ActivityLog(read)
  return { state, log, positions: () => log.snapshot().events.map((e) => e.position) }
}

const range = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => from - i)

describe('the window on the stream', () => {
  it('begins with the newest page', async () => {
    const { log, positions } = stream(1, 250)
    await log.open()
    expect(positions()).toEqual(range(250, 151))
    expect(log.snapshot()).toMatchObject({ older: true, loading: undefined, error: undefined })
  })
  it('goes back to the oldest that is kept, without gap or repeat, and asks no further', async () => {
    const { state, log, positions } = stream(120, 250)
    await log.open()
    await log.loadOlder()
    expect(positions()).toEqual(range(250, 120))
    expect(log.snapshot().older).toBe(false)
    const calls = state.calls.length
    await log.loadOlder()
    expect(state.calls.length).toBe(calls)
  })
  it('is empty where nothing was done, and has the first event when it comes', async () => {
    const { state, log, positions } = stream(1, 0)
    await log.open()
    expect(positions()).toEqual([])
    state.head = 1
    await log.catchUp(1)
    expect(positions()).toEqual([1])
  })
  it('begins behind what was erased', async () => {
    const { state, log, positions } = stream(8, 7)
    await log.open()
    state.head = 9
    await log.catchUp(9)
    expect(positions()).toEqual([9, 8])
    expect(log.snapshot().older).toBe(false)
  })
  it('takes all that came, also more than a page, in one go for many messages', async () => {
    const { state, log, positions } = stream(1, 10)
    await log.open()
    state.head = 230
    const calls = state.calls.length
    await Promise.all([log.catchUp(229), log.catchUp(230)])
    expect(positions()).toEqual(range(230, 1))
    expect(state.calls.length - calls).toBe(3)
  })
  it('misses nothing that comes while it opens', async () => {
    const { state, log, positions } = stream(1, 3)
    const opening = log.open()
    state.head = 4
    await log.catchUp(5)
    state.head = 5
    await opening
    expect(positions()).toEqual([5, 4, 3, 2, 1])
  })
  it('keeps what it has when the server is away, and goes on later', async () => {
    const { state, log, positions } = stream(1, 2)
    await log.open()
    state.head = 3
    state.fail = new ApiError('network', 'no')
    await log.catchUp(3)
    expect(log.snapshot().error).toBe(state.fail)
    expect(positions()).toEqual([2, 1])
    state.fail = undefined
    await log.retry()
    expect(positions()).toEqual([3, 2, 1])
    expect(log.snapshot().error).toBeUndefined()
  })
  it('tries again what failed: to open, or to go back', async () => {
    const { state, log, positions } = stream(1, 120)
    state.fail = new ApiError('network', 'no')
    await log.open()
    expect(log.snapshot()).toMatchObject({ error: state.fail, loading: undefined })
    state.fail = undefined
    await log.retry()
    state.fail = new ApiError('network', 'no')
    await log.loadOlder()
    expect(log.snapshot().error).toBe(state.fail)
    state.fail = undefined
    await log.retry()
    expect(positions()).toEqual(range(120, 1))
  })
  it('begins anew when events between were removed', async () => {
    const { state, log, positions } = stream(1, 5)
    await log.open()
    Object.assign(state, { first: 20, head: 22 })
    await log.catchUp(22)
    expect(positions()).toEqual([22, 21, 20])
  })
  it('begins anew in another epoch, where positions have nothing to do with those before', async () => {
    const { state, log, positions } = stream(1, 50)
    await log.open()
    Object.assign(state, { epoch: 'f', head: 3 })
    await log.catchUp(3, 'f')
    expect(positions()).toEqual([3, 2, 1])
    state.head = 4
    await log.catchUp(4, 'f')
    expect(positions()).toEqual([4, 3, 2, 1])
  })
  it('begins anew in an epoch that began while it opened', async () => {
    const { state, log, positions } = stream(1, 50)
    const opening = log.open()
    await log.catchUp(2, 'f')
    await opening
    Object.assign(state, { epoch: 'f', head: 2 })
    await log.catchUp(2, 'f')
    expect(positions()).toEqual([2, 1])
  })
  it('ends where older ones were removed meanwhile', async () => {
    const { state, log, positions } = stream(1, 150)
    await log.open()
    state.first = 40
    await log.loadOlder()
    expect(positions()).toEqual(range(150, 51))
    expect(log.snapshot()).toMatchObject({ older: false, error: undefined })
  })
})
