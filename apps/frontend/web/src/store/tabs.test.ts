import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Keep } from './keep'
import { Tabs } from './tabs'
import { body, rowOf, World } from './world.test-util'

vi.mock('@/api', async () => ({ ...(await import('@/api/errors')), tokenAtHand: (user: string) => `token of ${user}`, rememberedUser: () => ({ id: 'ann' }) }))

let world: World
beforeEach(() => (world = new World()))
afterEach(() => {
  world.end()
  vi.unstubAllGlobals()
})

const shows = (store: { snapshot(): { rows: readonly { task: { title: string } }[] } }, ...titles: string[]) =>
  vi.waitFor(() => expect(store.snapshot().rows.map((row) => row.task.title).sort()).toEqual(titles))

describe('of two tabs', () => {
  test('the one that stays sends what the other was closed with', async () => {
    const first = await world.loaded('Milk')
    const second = await world.open()
    world.server.faults.push(...Array<'network'>(9).fill('network'))
    first.update(rowOf(first, 'Milk').key, { title: 'Oat milk' })
    await vi.waitFor(() => expect(world.writes().length).toBeGreaterThan(0))
    await shows(second, 'Oat milk')
    world.close(first)
    world.server.faults.length = 0
    await vi.waitFor(() => {
      // A try that failed a moment ago waits from then on.
      world.time += 120_000
      expect(world.titles()).toEqual(['Oat milk'])
    }, 8000)
    expect(world.server.tasks.values().next().value?.version).toBe(2)
  }, 10_000)

  test('the one that stays sends what the other was sending when it was killed', async () => {
    const first = await world.loaded('Milk')
    const second = await world.open()
    let killed: () => void = () => undefined
    // The tab is gone before the server hears of it.
    world.server.meanwhile = () => {
      world.close(first)
      killed()
      return new Promise<void>(() => undefined)
    }
    const gone = new Promise<void>((resolve) => (killed = resolve))
    first.update(rowOf(first, 'Milk').key, { title: 'Oat milk' })
    await gone
    await shows(second, 'Oat milk')
    await vi.waitFor(() => expect(world.titles()).toEqual(['Oat milk']))
  })

  test('the one that was told to wait makes the other wait, too', async () => {
    const first = await world.loaded('Milk')
    const second = await world.open()
    world.server.faults.push(429)
    first.update(rowOf(first, 'Milk').key, { title: 'Oat milk' })
    await vi.waitFor(() => expect(rowOf(first, 'Oat milk').ops[0]?.error?.status).toBe(429))
    await shows(second, 'Oat milk')
    await second.send()
    expect(world.writes()).toHaveLength(1)
    world.time += 9000
    await second.send()
    await vi.waitFor(() => expect(world.titles()).toEqual(['Oat milk']))
  })

  test.each([['at once', 0], ['after it is through', 30]])('the same line entered in both, %s, is one task', async (_, ms) => {
    const first = await world.loaded()
    const second = await world.open()
    first.create(body('Milk'), 'line-1')
    await new Promise((resolve) => setTimeout(resolve, ms))
    second.create(body('Milk'), 'line-1')
    await vi.waitFor(() => expect(first.snapshot().waiting + second.snapshot().waiting + first.snapshot().stuck + second.snapshot().stuck).toBe(0))
    expect(world.titles()).toEqual(['Milk'])
    await shows(first, 'Milk')
  })

  test('each sees what was refused of the other, and can correct it', async () => {
    const first = await world.loaded('Milk')
    const second = await world.open()
    world.server.faults.push(422)
    first.update(rowOf(first, 'Milk').key, { title: 'bad' })
    await vi.waitFor(() => expect(second.snapshot().stuck).toBe(1))
    second.update(rowOf(second, 'bad').key, { title: 'good' })
    await vi.waitFor(() => expect(world.titles()).toEqual(['good']))
    await vi.waitFor(() => expect(first.snapshot()).toMatchObject({ stuck: 0, waiting: 0 }))
  })

  test('a change in one, of what the other is sending at that moment, is not lost', async () => {
    const first = await world.loaded('Milk')
    const second = await world.open()
    const { key } = rowOf(second, 'Milk')
    world.server.meanwhile = async () => {
      await shows(second, 'a')
      second.update(key, { title: 'b' })
      await shows(first, 'b')
    }
    first.update(key, { title: 'a' })
    await vi.waitFor(() => expect(world.titles()).toEqual(['b']))
    await vi.waitFor(() => expect(first.snapshot().waiting + second.snapshot().waiting).toBe(0))
  })

  test.each([['locks', true], ['no locks, as over plain http', false]])('a deletion is the one that can undo it, with %s: neither a write nor the end of the other sends it', async (_, locks) => {
    world.server.add(body('Milk'))
    world.server.add(body('Bread'))
    const first = await world.open({ locks })
    await first.reload()
    const second = await world.open({ locks })
    const deletion = first.remove(rowOf(first, 'Milk').key)
    await shows(second, 'Bread')
    second.update(rowOf(second, 'Bread').key, { title: 'Rye' })
    await vi.waitFor(() => expect(world.titles()).toEqual(['Milk', 'Rye']))
    world.close(second)
    const third = await world.open({ locks })
    await third.send()
    expect(world.titles()).toEqual(['Milk', 'Rye'])
    deletion?.undo()
    await shows(third, 'Bread', 'Milk')
    expect(first.snapshot().rows).toHaveLength(2)
    expect(world.writes().some((r) => r.startsWith('remove'))).toBe(false)
  })

  test('a deletion that was undone a moment ago is not sent by the other', async () => {
    const first = await world.loaded('Milk')
    const second = await world.open()
    const deletion = first.remove(rowOf(first, 'Milk').key)
    await shows(second)
    deletion?.undo()
    await second.send()
    await world.kept(first)
    await second.send()
    await shows(second, 'Milk')
    expect(world.titles()).toEqual(['Milk'])
  })

  test('a deletion is sent by the other when the one that could undo it is gone', async () => {
    const first = await world.loaded('Milk')
    const second = await world.open()
    first.remove(rowOf(first, 'Milk').key)
    await shows(second)
    await second.send()
    expect(world.titles()).toEqual(['Milk'])
    world.close(first)
    await second.send()
    expect(world.titles()).toEqual([])
  })
})

describe('a page that is left', () => {
  let listeners: Record<string, (event: { persisted: boolean }) => void>
  const fetch = vi.fn((_url: string, _init: RequestInit) => Promise.resolve(new Response()))
  const deletes = () => fetch.mock.calls.map(([url, init]) => [url, init.method, init.keepalive, init.headers])

  beforeEach(() => {
    listeners = {}
    fetch.mockClear()
    vi.stubGlobal('fetch', fetch)
    vi.stubGlobal('window', { addEventListener: (type: string, f: () => void) => (listeners[type] = f), removeEventListener: () => undefined })
  })
  const leave = () => listeners['pagehide']?.({ persisted: false })
  const deletion = (id: string, version: number) => [`/api/ann/tasks/${id}`, 'DELETE', true, { Authorization: 'Bearer token of ann', 'If-Match': `"${version}"`, 'X-Stream-Epoch': 'e' }]

  test('sends its deletions by requests that outlive it, and leaves those of other tabs to them', async () => {
    const other = await world.loaded('Milk', 'Bread')
    const store = await world.open()
    other.remove(rowOf(other, 'Milk').key)
    await shows(store, 'Bread')
    const { task } = rowOf(store, 'Bread')
    store.remove(rowOf(store, 'Bread').key)
    leave()
    expect(deletes()).toEqual([deletion(task.id, 1)])
  })

  test('sends a deletion behind a change that is on its way for what that change makes, so that it can not come before it', async () => {
    const store = await world.loaded('Milk')
    const { key, task } = rowOf(store, 'Milk')
    let there: () => void = () => undefined
    const arrived = new Promise<void>((resolve) => (there = resolve))
    world.server.meanwhile = () => {
      there()
      return new Promise<void>(() => undefined)
    }
    store.update(key, { title: 'Oat milk' })
    await arrived
    store.remove(key)
    leave()
    expect(deletes()).toEqual([deletion(task.id, 2)])
  })

  test('sends a deletion alone where the change before it never went out, also when it is opened again', async () => {
    const store = await world.loaded('Milk')
    const { key, task } = rowOf(store, 'Milk')
    store.update(key, { title: 'Oat milk' })
    store.remove(key)
    leave()
    expect(deletes()).toEqual([deletion(task.id, 1)])
    world.server.erase(task.id, { version: 1 })
    await world.kept(store)
    world.close(store)
    const again = await world.open()
    await vi.waitFor(() => expect(again.snapshot()).toMatchObject({ rows: [], waiting: 0, stuck: 0 }))
  })

  test('sends nothing twice: not what is on its way already', async () => {
    const store = await world.loaded('Milk')
    world.server.meanwhile = () => leave()
    store.remove(rowOf(store, 'Milk').key)?.send()
    await vi.waitFor(() => expect(world.titles()).toEqual([]))
    expect(deletes()).toEqual([])
  })
})

describe('the list that is kept', () => {
  const kept = () => new Keep(world.name).readList('ann')

  test('is not replaced by an older one of another tab', async () => {
    const slow = await world.loaded('Milk')
    const before = await world.server.list()
    const quick = await world.open()
    world.server.add(body('Bread'))
    await quick.reload()
    world.server.list = () => Promise.resolve(before)
    await slow.reload()
    slow.close()
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect((await kept())?.place.position).toBe(before.place.position + 1)
    expect((await kept())?.tasks.map((t) => t.title).sort()).toEqual(['Bread', 'Milk'])
  })

  test('of a new stream is not replaced by changes of the one before', async () => {
    const old = await world.loaded('Milk')
    const keep = new Keep(world.name)
    await keep.writeList('ann', { epoch: 'f', position: 1 }, [])
    world.server.change(rowOf(old, 'Milk').task.id, { title: 'Oat milk' })
    old.apply(world.server.events[1] as never)
    old.close()
    expect(await keep.writeChanges('ann', { epoch: 'e', position: 9 }, new Map())).toBe('other')
    expect(await kept()).toMatchObject({ place: { epoch: 'f', position: 1 }, tasks: [] })
  })
})

test('work that fails does not stop what comes after it, where there are no locks', async () => {
  const tabs = new Tabs('ann', undefined)
  const failing = tabs.alone(() => Promise.reject(new Error('once')))
  const after = vi.fn(() => Promise.resolve())
  const next = tabs.alone(after)
  await expect(failing).rejects.toThrow('once')
  await next
  expect(after).toHaveBeenCalledOnce()
})
