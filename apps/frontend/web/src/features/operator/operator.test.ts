import { describe, expect, it } from 'vitest'
import { nextCursor, readBytes } from './bytes'
import { curve } from './curve'
import { shownParts, type Lag } from './parts'
import { durationText, KEPT, rates, rateText, values, withSample, type Sample } from './series'

const at = (seconds: number, taken: number): Sample => ({ at: seconds * 1000, counts: { t: taken } })

describe('rates', () => {
  it('are differences by time', () => {
    expect(rates([at(0, 10), at(5, 20), at(15, 20)], 't')).toEqual([2, 0])
  })
  it('are unknown where a counter began anew, and right after it', () => {
    expect(rates([at(0, 10), at(5, 3), at(10, 8)], 't')).toEqual([null, 1])
  })
  it('are unknown without a counter, and without time', () => {
    expect(rates([at(0, 1), { at: 5000, counts: {} }, at(10, 1), at(10, 2)], 't')).toEqual([null, null, null])
    expect(rates([at(0, 1)], 't')).toEqual([])
  })
  it('keep so many samples, the newest', () => {
    let samples: Sample[] = []
    for (let i = 0; i < KEPT + 5; i++) samples = withSample(samples, at(i, i))
    expect(samples).toHaveLength(KEPT)
    expect(values(samples, 't').at(-1)).toBe(KEPT + 4)
  })
  it('are said as exactly as needed', () => {
    expect([null, 0, 0.04, 0.333, 12.4, 1240].map(rateText)).toEqual(['–', '0', '0.04', '0.3', '12', '1,240'])
    expect([20, 4000, 90_000, 3 * 3_600_000, 5 * 86_400_000].map(durationText)).toEqual(['20 ms', '4 s', '2 min', '3 h', '5 days'])
  })
})

describe('a curve', () => {
  it('ends at the right, and reaches the top at its largest value', () => {
    expect(curve([0, 4], 3, 100, 10)).toEqual({ line: 'M50 10L100 0', area: 'M50 10L50 10L100 0L100 10Z', top: 4 })
  })
  it('has a gap where nothing is known', () => {
    expect(curve([1, null, 1], 3, 100, 10).line).toBe('M0 0h0.01M100 0h0.01')
  })
  it('of nothing, or of zeros, is no error', () => {
    expect(curve([], 3, 100, 10)).toEqual({ line: '', area: '', top: 0 })
    expect(curve([0, 0, 0], 3, 100, 10)).toMatchObject({ line: 'M0 10L50 10L100 10', top: 0 })
  })
})

describe('the parts', () => {
  const check = (name: string, error: string | null = null) => ({ name, ok: error === null, error })
  const lag = (group: string, members: number | null): Lag => ({ source: 'kafka', detail: null, groups: [{ group, topic: 't', behind: 0, members, partitions: [] }] })
  it('in one process are the checks', () => {
    const { services, dependencies } = shownParts([check('startup'), check('audit-service'), check('reminders', 'the database is away'), check('database'), check('relay backend-api')], undefined)
    expect(services.map((s) => [s.name, s.state])).toEqual([['backend-api', 'ok'], ['audit-service', 'ok'], ['notification-service', 'bad'], ['recurring-service', 'unknown'], ['websocket-service', 'unknown']])
    expect(services[2]?.note).toBe('the database is away')
    expect(dependencies.map((d) => d.name)).toEqual(['This process', 'Database', 'Relay of backend-api'])
  })
  it('in a cluster are known by the groups at the broker', () => {
    const state = (members: number | null) => shownParts([check('database')], lag('audit-service', members)).services[1]?.state
    expect([state(2), state(0), state(null)]).toEqual(['ok', 'bad', 'unknown'])
  })
})

describe('the bytes of a letter', () => {
  const encode = (bytes: Iterable<number>) => btoa(String.fromCharCode(...bytes))
  const base64 = (text: string) => encode(new TextEncoder().encode(text))
  it('are shown as what they are', () => {
    expect(readBytes(base64('{"ä":1}'))).toEqual({ kind: 'json', text: '{\n  "ä": 1\n}', size: 8 })
    expect(readBytes(base64('no json'))).toEqual({ kind: 'text', text: 'no json', size: 7 })
    expect(readBytes(encode([0, 255]))).toEqual({ kind: 'bytes', text: 'AP8=', size: 2 })
    expect(readBytes(base64('a\u0000b')).kind).toBe('bytes')
    expect(readBytes('')).toEqual({ kind: 'text', text: '', size: 0 })
  })
  it('of the next page are behind its cursor', () => {
    expect(nextCursor('</api/operator/dead-letters?limit=100&cursor=a%2Fb>; rel="next"')).toBe('a/b')
    expect(nextCursor('</x?cursor=c&limit=1>; rel="next"')).toBe('c')
    expect(nextCursor(null)).toBeUndefined()
  })
})
