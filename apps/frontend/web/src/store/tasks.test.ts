import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { NewTask, Task } from '@/api'
import { Keep } from './keep'
import type { Op } from './ops'
import { Tabs } from './tabs'
import { TaskStore } from './tasks'
import { Browser, FakeServer } from './world.test-util'

vi.mock('@/api', async () => ({ ...(await import('@/api/errors')), tokenAtHand: (user: string) => `token of ${user}`, rememberedUser: () => ({ id: 'ann' }) }))

let databases = 0
let time = 1_800_000_000_000
let server: FakeServer
let name: string
let browser: Browser
const stores: TaskStore[] = []

async function open(keep = new Keep(name), tab = browser.tab()): Promise<TaskStore> {
  const store = new TaskStore('ann', { backend: server, keep, tabs: new Tabs('ann', tab.locks), now: () => time })
  stores.push(store)
  await store.open()
  return store
}

async function loaded(...titles: string[]): Promise<TaskStore> {
  for (const title of titles) server.add(body(title))
  const store = await open()
  await store.reload()
  return store
}

const body = (title: string): NewTask => ({ title, priority: 'low', category: 'home' })
const titles = (store: TaskStore) => store.snapshot().rows.map((row) => row.task.title).sort()
const only = (store: TaskStore) => {
  const row = store.snapshot().rows[0]
  if (!row) throw new Error('no row')
  return row
}
const opOf = (store: TaskStore): Op => {
  const op = store.snapshot().rows.flatMap((row) => row.ops)[0]
  if (!op) throw new Error('no op')
  return op
}
/** Until nothing is on its way. */
const settled = (store: TaskStore) => vi.waitFor(() => expect(store.snapshot().waiting).toBe(0))
const sent = (n: number) => vi.waitFor(() => expect(server.requests.filter((r) => !r.startsWith('list'))).toHaveLength(n))
const follow = (store: TaskStore, from = 0) => {
  for (const event of server.events.slice(from)) store.apply(event)
}

beforeEach(() => {
  server = new FakeServer()
  name = `tasktide-${++databases}`
  browser = new Browser()
})
afterEach(() => {
  for (const store of stores.splice(0)) store.close()
})

describe('a change', () => {
  test('shows at once, and is the same row when the server has it', async () => {
    const store = await loaded()
    const key = store.create(body('Milk'))
    expect(only(store)).toMatchObject({ key, state: 'sending', task: { title: 'Milk', version: 0 } })
    await settled(store)
    expect(only(store)).toMatchObject({ key, state: 'saved', task: { title: 'Milk', version: 1 } })
    follow(store)
    expect(store.snapshot().rows).toHaveLength(1)
    expect(only(store)).toMatchObject({ key, state: 'saved' })
  })

  test('is one row when its event comes before its answer', async () => {
    const store = await loaded()
    server.faults.push('lost')
    const key = store.create(body('Milk'))
    await sent(1)
    follow(store)
    expect(store.snapshot().rows).toMatchObject([{ key, state: 'sending' }])
    await store.send()
    expect(store.snapshot().rows).toMatchObject([{ key, state: 'saved' }])
  })

  test("is a row of its own beside another device's that looks the same", async () => {
    const store = await loaded()
    server.faults.push('network')
    const key = store.create(body('Milk'))
    await sent(1)
    server.add(body('Milk'))
    follow(store)
    await store.send()
    follow(store, 1)
    expect(store.snapshot().rows).toHaveLength(2)
    expect(store.snapshot().byKey.get(key)?.task.id).toBe([...server.tasks.keys()][1])
  })

  test('of a task that the server does not have yet goes to the task that it makes', async () => {
    const store = await loaded()
    server.faults.push('network')
    const key = store.create(body('Milk'))
    await sent(1)
    store.update(key, { title: 'Oat milk' })
    store.complete(key, true)
    store.send()
    await settled(store)
    expect([...server.tasks.values()]).toMatchObject([{ title: 'Oat milk', completed: true }])
    expect(only(store).key).toBe(key)
  })

  test('that was never sent becomes part of the one before', async () => {
    const store = await loaded('Milk')
    const { key } = only(store)
    server.faults.push('network')
    store.complete(key, true)
    await sent(1)
    store.update(key, { title: 'a' })
    store.update(key, { title: 'b', priority: 'high' })
    expect(only(store).ops).toHaveLength(2)
    store.update(key, { title: 'Milk', priority: 'low' })
    expect(only(store).ops).toHaveLength(1)
    store.send()
    await settled(store)
    expect(server.requests.filter((r) => r.startsWith('update'))).toEqual([])
  })

  test('of several fields and tasks goes out in order, each on the version before', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    store.update(key, { title: 'a' })
    await sent(1)
    store.complete(key, true)
    store.update(key, { priority: 'high' })
    await settled(store)
    expect(server.tasks.get(task.id)).toMatchObject({ title: 'a', completed: true, priority: 'high', version: 4 })
  })
})

describe('a deletion', () => {
  test('waits for its undo, and does not happen when that comes', async () => {
    const store = await loaded('Milk')
    const deletion = store.remove(only(store).key)
    expect(titles(store)).toEqual([])
    deletion?.undo()
    await settled(store)
    expect(titles(store)).toEqual(['Milk'])
    expect(server.requests.some((r) => r.startsWith('remove'))).toBe(false)
  })

  test('goes out when the time for an undo is over', async () => {
    const store = await loaded('Milk')
    store.remove(only(store).key)?.send()
    await settled(store)
    expect(server.tasks.size).toBe(0)
    expect(titles(store)).toEqual([])
  })

  test('goes out when the page is left, by a request that outlives it', async () => {
    const fetch = vi.fn((_url: string, _init: RequestInit) => Promise.resolve(new Response()))
    const listeners: Record<string, () => void> = {}
    vi.stubGlobal('fetch', fetch)
    vi.stubGlobal('window', { addEventListener: (type: string, f: () => void) => (listeners[type] = f), removeEventListener: () => undefined })
    const store = await loaded('Milk')
    const { key, task } = only(store)
    store.remove(key)
    listeners['pagehide']?.()
    expect(fetch).toHaveBeenCalledWith(`/api/ann/tasks/${task.id}`, expect.objectContaining({ method: 'DELETE', keepalive: true, headers: { Authorization: 'Bearer token of ann', 'If-Match': '"1"', 'X-Stream-Epoch': 'e' } }))
    store.close()
    vi.unstubAllGlobals()
  })

  test('of what is gone already is done', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.erase(task.id)
    store.remove(key)?.send()
    await settled(store)
    expect(store.snapshot().stuck).toBe(0)
  })
})

describe('what is not acknowledged', () => {
  test('survives a reload, and goes out once', async () => {
    const store = await loaded()
    server.faults.push('lost')
    store.create(body('Milk'))
    await sent(1)
    store.close()
    const again = await open()
    expect(titles(again)).toEqual(['Milk'])
    await settled(again)
    expect(server.tasks.size).toBe(1)
    expect(server.requests.filter((r) => r.startsWith('create'))).toHaveLength(2)
  })

  test('is repeated after a lost answer without a second effect', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.faults.push('lost')
    store.complete(key, true)
    await sent(1)
    store.send()
    await settled(store)
    expect(server.tasks.get(task.id)).toMatchObject({ completed: true, version: 2 })
    server.faults.push('lost')
    store.update(key, { title: 'Oat milk' })
    await vi.waitFor(() => expect(server.requests.at(-1)).toContain('update'))
    store.send()
    await settled(store)
    expect(server.tasks.get(task.id)).toMatchObject({ title: 'Oat milk', version: 3 })
    expect(store.snapshot().stuck).toBe(0)
  })

  test('stays visible when the server refuses it, and goes out when the person tries again', async () => {
    const store = await loaded()
    server.faults.push(422)
    store.create(body('Milk'))
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(1))
    expect(only(store)).toMatchObject({ state: 'failed', ops: [{ error: { message: 'answered 422', status: 422 } }] })
    store.retry(opOf(store).id)
    await settled(store)
    expect(only(store).state).toBe('saved')
  })

  test('can be given up', async () => {
    const store = await loaded('Milk')
    server.faults.push(422)
    store.update(only(store).key, { title: 'x' })
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(1))
    store.discard(opOf(store).id)
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(0))
    expect(titles(store)).toEqual(['Milk'])
  })

  test('does not hold up other tasks when it alone fails', async () => {
    const store = await loaded('Milk', 'Bread')
    const [milk, bread] = store.snapshot().rows
    server.faults.push(500)
    store.update(milk?.key ?? '', { title: 'a' })
    await sent(1)
    store.update(bread?.key ?? '', { title: 'b' })
    await vi.waitFor(() => expect([...server.tasks.values()].map((t) => t.title)).toContain('b'))
    expect(store.snapshot()).toMatchObject({ waiting: 1, stuck: 0 })
  })

  test('waits when the server can not be reached, and nothing else is tried', async () => {
    const store = await loaded('Milk', 'Bread')
    server.faults.push('network')
    for (const row of store.snapshot().rows) store.update(row.key, { title: 'x' })
    await sent(1)
    await vi.waitFor(() => expect(store.snapshot().rows.every((row) => row.state === 'sending')).toBe(true))
    expect(server.requests.filter((r) => r.startsWith('update'))).toHaveLength(1)
    await store.send()
    expect([...server.tasks.values()].map((t) => t.title)).toEqual(['x', 'x'])
  })

  test('waits as long as the server asks, whatever happens meanwhile', async () => {
    const store = await loaded('Milk')
    server.faults.push(429)
    store.update(only(store).key, { title: 'x' })
    await sent(1)
    await vi.waitFor(() => expect(opOf(store).error?.status).toBe(429))
    expect(store.snapshot().notBefore).toBe(time + 7000)
    time += 6900
    await store.send()
    expect(server.requests.filter((r) => r.startsWith('update'))).toHaveLength(1)
    time += 200
    store.send()
    await settled(store)
  })

  test('waits no longer than the server asks when the person, or the connection that is back, wants it sent', async () => {
    const store = await loaded('Milk')
    server.faults.push(503)
    store.update(only(store).key, { title: 'x' })
    await vi.waitFor(() => expect(opOf(store).error?.status).toBe(503))
    await store.send()
    expect(server.requests.filter((r) => r.startsWith('update'))).toHaveLength(1)
    time += 501 // by itself it would wait longer
    await store.send()
    await settled(store)
    expect(server.requests.filter((r) => r.startsWith('update'))).toHaveLength(2)
  })

  test('waits for nothing that a clock that jumped has written', async () => {
    const store = await loaded('Milk')
    server.faults.push(429)
    store.update(only(store).key, { title: 'x' })
    await vi.waitFor(() => expect(opOf(store).error?.status).toBe(429))
    store.close()
    time -= 2 * 86_400_000
    const again = await open()
    expect(again.snapshot().notBefore).toBe(0)
    await settled(again)
    expect([...server.tasks.values()]).toMatchObject([{ title: 'x' }])
  })

  test('of a create that was never answered for a day is not repeated unasked', async () => {
    const store = await loaded()
    server.faults.push('lost')
    store.create(body('Milk'))
    await sent(1)
    time += 24 * 3_600_000
    store.send()
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(1))
    expect(server.requests.filter((r) => r.startsWith('create'))).toHaveLength(1)
    expect(opOf(store).error?.message).toMatch(/over a day ago/)
  })

  test('of a line that two tabs took, each as its own screen means it, is one task', async () => {
    const [first, second] = [await loaded(), await open()]
    first.create(body('Milk'), 'one-line')
    await settled(first)
    second.create({ ...body('Milk'), category: 'work' }, 'one-line')
    await settled(second)
    expect(second.snapshot().stuck).toBe(0)
    expect(server.tasks.size).toBe(1)
    await second.reload()
    expect(titles(second)).toEqual(['Milk'])
  })

  test('is sent by one tab, and is through in the other', async () => {
    const first = await loaded()
    server.faults.push('network')
    first.create(body('Milk'))
    await sent(1)
    const second = await open()
    await settled(second)
    await settled(first)
    expect(server.tasks.size).toBe(1)
    expect(titles(first)).toEqual(['Milk'])
    expect(titles(second)).toEqual(['Milk'])
  })
})

describe('a task that another device changed', () => {
  test('in another field keeps both changes', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.change(task.id, { priority: 'high' })
    store.update(key, { title: 'Oat milk' })
    await settled(store)
    expect(server.tasks.get(task.id)).toMatchObject({ title: 'Oat milk', priority: 'high' })
    expect(store.snapshot().stuck).toBe(0)
  })

  test('in the same field is a conflict: both are there, and nothing is overwritten', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.change(task.id, { title: 'Soy milk' })
    store.update(key, { title: 'Oat milk' })
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(1))
    expect(server.tasks.get(task.id)?.title).toBe('Soy milk')
    expect(only(store)).toMatchObject({ state: 'conflict', task: { title: 'Oat milk' }, ops: [{ theirs: { title: 'Soy milk' }, clashes: ['title'] }] })
  })

  test.each([
    ['mine', 'Oat milk'],
    ['theirs', 'Soy milk'],
  ] as const)('becomes %s when the person says so', async (whose, title) => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.change(task.id, { title: 'Soy milk' })
    store.update(key, { title: 'Oat milk' })
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(1))
    store.resolve(opOf(store).id, whose)
    await vi.waitFor(() => expect(store.snapshot()).toMatchObject({ stuck: 0, waiting: 0 }))
    expect(server.tasks.get(task.id)?.title).toBe(title)
    expect(titles(store)).toEqual([title])
  })

  test('while it was edited here is a conflict, though the change was seen before it was sent', async () => {
    const store = await loaded('Milk')
    const began = only(store)
    server.change(began.task.id, { title: 'Soy milk' })
    follow(store, 1)
    store.update(began.key, { title: 'Oat milk' }, began.task)
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(1))
    expect(server.tasks.get(began.task.id)?.title).toBe('Soy milk')
  })

  test('and completed, is completed with its change', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.change(task.id, { title: 'Soy milk' })
    store.complete(key, true)
    await settled(store)
    expect(server.tasks.get(task.id)).toMatchObject({ title: 'Soy milk', completed: true })
  })

  test('and completed on both, stays completed', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.change(task.id, { completed: true })
    store.complete(key, true)
    await settled(store)
    expect(server.tasks.get(task.id)).toMatchObject({ completed: true, version: 2 })
  })

  test('that was completed here, without an answer, and opened there: the person decides', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.faults.push('lost')
    store.complete(key, true)
    await sent(1)
    server.change(task.id, { completed: false, status: 'pending' })
    store.send()
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(1))
    expect(server.tasks.get(task.id)?.completed).toBe(false)
  })

  test('and deleted here is not deleted unseen', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.change(task.id, { title: 'Soy milk' })
    store.remove(key)?.send()
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(1))
    expect(server.tasks.size).toBe(1)
    expect(only(store).state).toBe('conflict')
    store.resolve(opOf(store).id, 'mine')
    await vi.waitFor(() => expect(server.tasks.size).toBe(0))
  })

  test('by nothing but its reminder, is deleted', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.change(task.id, { reminderSent: true })
    store.remove(key)?.send()
    await settled(store)
    expect(server.tasks.size).toBe(0)
  })

  test('or deleted, is still here with what was written, also after a reload, and can be added anew', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.erase(task.id)
    follow(store, 1)
    store.update(key, { title: 'x' })
    server.add(body('Bread'))
    expect(titles(store)).toEqual([])
    const other = await loaded('Tea')
    const tea = other.snapshot().rows.find((row) => row.task.title === 'Tea')
    server.erase(tea?.task.id ?? '')
    other.update(tea?.key ?? '', { title: 'Green tea' })
    await vi.waitFor(() => expect(other.snapshot().stuck).toBe(1))
    follow(other, server.events.length - 1)
    expect(titles(other)).toContain('Green tea')
    other.close()
    const again = await open()
    expect(titles(again)).toContain('Green tea')
    again.resolve(opOf(again).id, 'mine')
    await vi.waitFor(() => expect([...server.tasks.values()].map((t) => t.title)).toContain('Green tea'))
  })

  test('and deleted while it is typed in here: it is back with what was written, for the person to decide', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.erase(task.id)
    follow(store, 1)
    expect(titles(store)).toEqual([])
    expect(store.update(key, { description: 'Precious words' }, task)).toBe(true)
    await vi.waitFor(() => expect(only(store)).toMatchObject({ state: 'conflict', task: { title: 'Milk', description: 'Precious words' } }))
    store.resolve(opOf(store).id, 'mine')
    await settled(store)
    expect([...server.tasks.values()].map((t) => t.description)).toEqual(['Precious words'])
  })

  test('and what is typed into one that is deleted here does not bring it back', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    store.remove(key)?.send()
    expect(store.update(key, { description: 'Late' }, task)).toBe(false)
    await settled(store)
    expect(store.snapshot()).toMatchObject({ rows: [], stuck: 0 })
  })

  test('just before it is written here again: tried on the newest version', async () => {
    const store = await loaded('Milk')
    const { key, task } = only(store)
    server.change(task.id, { priority: 'high' })
    server.meanwhile = () => void server.change(task.id, { category: 'work' })
    store.update(key, { title: 'Oat milk' })
    await settled(store)
    expect(server.tasks.get(task.id)).toMatchObject({ title: 'Oat milk', priority: 'high', category: 'work' })
  })
})

describe('a database that came back from a backup', () => {
  /** Seen here in version 3; then the backup of version 1 comes back, and another device makes other versions up to that. */
  async function replaced(act: (store: TaskStore) => void, elsewhere: Partial<Task>): Promise<TaskStore> {
    const store = await loaded('Milk')
    const backup = only(store).task
    server.change(backup.id, { description: 'a' })
    server.change(backup.id, { description: null })
    await store.reload()
    expect(only(store).task.version).toBe(3)
    server.faults.push('network')
    act(store)
    await sent(1)
    server.restore(backup)
    server.change(backup.id, elsewhere)
    expect(server.change(backup.id, { reminderSent: true }).version).toBe(3)
    return store
  }

  test('has another task of the same version: a change made before does not overwrite it unseen', async () => {
    const store = await replaced((s) => s.update(only(s).key, { title: 'Mine' }), { title: 'Theirs' })
    await store.send()
    expect(only(store).state).toBe('conflict')
    expect([...server.tasks.values()]).toMatchObject([{ title: 'Theirs' }])
    store.resolve(opOf(store).id, 'mine')
    await settled(store)
    expect([...server.tasks.values()]).toMatchObject([{ title: 'Mine' }])
  })

  test('has another task of the same version: changes of other fields, and completing it, are merged', async () => {
    const store = await replaced((s) => {
      s.update(only(s).key, { priority: 'high' })
      s.complete(only(s).key, true)
    }, { title: 'Theirs' })
    await store.send()
    await settled(store)
    expect([...server.tasks.values()]).toMatchObject([{ title: 'Theirs', priority: 'high', completed: true }])
  })

  test('has another task of the same version: it is not deleted unseen', async () => {
    const store = await replaced((s) => s.remove(only(s).key)?.send(), { title: 'Theirs' })
    await store.send()
    expect(only(store).state).toBe('conflict')
    expect(server.tasks.size).toBe(1)
    await store.reload()
    store.resolve(opOf(store).id, 'mine')
    await vi.waitFor(() => expect(server.tasks.size).toBe(0))
  })

  test.each([['refused', 422], ['in conflict', undefined]] as const)('has another task of the same version: a change that was %s, and is edited again after its list was loaded, does not overwrite it unseen', async (_, fault) => {
    const store = await loaded('Milk')
    const backup = only(store).task
    server.change(backup.id, { description: 'a' })
    server.change(backup.id, fault ? { description: null } : { title: 'Theirs before' })
    if (fault) {
      await store.reload()
      server.faults.push(fault)
    }
    store.update(only(store).key, { title: 'Mine' })
    await vi.waitFor(() => expect(store.snapshot().stuck).toBe(1))
    server.restore(backup)
    server.change(backup.id, { title: 'Theirs' })
    server.change(backup.id, { reminderSent: true })
    await store.reload()
    store.update(only(store).key, { title: 'Mine, corrected' })
    await vi.waitFor(() => expect(server.requests.at(-1)).toMatch(/^get/))
    await vi.waitFor(() => expect(only(store).state).toBe('conflict'))
    expect([...server.tasks.values()]).toMatchObject([{ title: 'Theirs' }])
  })

  test('has another task of the same version: what was typed before is not written over it unseen', async () => {
    const store = await loaded('Milk')
    const [from, epoch] = [only(store).task, store.epoch()]
    server.restore(from)
    await store.reload()
    server.tasks.set(from.id, { ...from, title: 'Theirs' })
    store.update(only(store).key, { title: 'Mine' }, from, epoch)
    await vi.waitFor(() => expect(only(store).state).toBe('conflict'))
    expect([...server.tasks.values()]).toMatchObject([{ title: 'Theirs' }])
  })

  test('is known when its list is loaded: what is done from then on goes out as always', async () => {
    const store = await replaced((s) => s.update(only(s).key, { category: 'work' }), {})
    await store.send()
    await store.reload()
    store.update(only(store).key, { title: 'Oat milk' })
    await settled(store)
    expect([...server.tasks.values()]).toMatchObject([{ title: 'Oat milk', category: 'work' }])
    expect(server.requests.slice(-1)).toEqual([expect.stringMatching(/^update/)])
  })
})

describe('the list', () => {
  test('that the browser keeps is there without the server, with its place', async () => {
    const store = await loaded('Milk')
    server.change(only(store).task.id, { title: 'Oat milk' })
    follow(store, 1)
    store.close()
    await vi.waitFor(async () => expect(await new Keep(name).readList('ann')).toMatchObject({ place: { position: 2 } }))
    const again = new TaskStore('ann', { backend: server, keep: new Keep(name), tabs: new Tabs('ann', browser.tab().locks), now: () => time })
    stores.push(again)
    expect(await again.open()).toEqual({ epoch: 'e', position: 2 })
    expect(again.snapshot()).toMatchObject({ loaded: true, rows: [{ task: { title: 'Oat milk', version: 2 } }] })
  })

  test('misses nothing when a change could not be kept, and a later one could', async () => {
    const store = await loaded('Milk', 'Bread')
    const [milk, bread] = store.snapshot().rows.map((row) => row.task.id) as [string, string]
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    server.change(milk, { title: 'Oat milk' })
    follow(store, 2)
    await vi.waitFor(() => expect(store.snapshot().storage).toBe('full'))
    put.mockRestore()
    server.change(bread, { title: 'Rye' })
    follow(store, 3)
    await vi.waitFor(async () => expect((await new Keep(name).readList('ann'))?.place.position).toBe(4))
    expect((await new Keep(name).readList('ann'))?.tasks.map((task) => task.title).sort()).toEqual(['Oat milk', 'Rye'])
  })

  test('of one user is not shown to another', async () => {
    await loaded('Milk')
    const other = new TaskStore('bob', { backend: server, keep: new Keep(name), tabs: new Tabs('bob', browser.tab().locks), now: () => time })
    stores.push(other)
    expect(await other.open()).toBeUndefined()
    expect(other.snapshot().rows).toEqual([])
  })

  test('stays forgotten when the user has signed out in another tab, whatever this one still writes', async () => {
    const store = await loaded('Milk')
    const keep = new Keep(name)
    await keep.forget({ user: 'ann' })
    follow(store)
    await store.reload()
    server.faults.push('network')
    store.update(only(store).key, { title: 'Oat milk' })
    await sent(1)
    store.close()
    await keep.begin('bob') // what was asked for before is through
    expect(await keep.readList('ann')).toBeUndefined()
    expect(await keep.readOps('ann')).toEqual([])
  })

  test('of all users but one is forgotten', async () => {
    const keep = new Keep(name)
    for (const user of ['ann', 'bob', 'cleo']) {
      await keep.begin(user)
      await keep.writeList(user, { epoch: 'e', position: 1 }, [])
    }
    await keep.forget({ allBut: 'bob' })
    expect(await keep.readList('ann')).toBeUndefined()
    expect(await keep.readList('cleo')).toBeUndefined()
    expect(await keep.readList('bob')).toBeDefined()
  })
})

describe('a browser that keeps nothing', () => {
  test('forbids its storage: the page works in memory, and says so', async () => {
    const open = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    const store = await loaded('Milk')
    expect(store.snapshot()).toMatchObject({ storage: 'memory', loaded: true })
    store.create(body('Bread'))
    await settled(store)
    expect(titles(store)).toEqual(['Bread', 'Milk'])
    open.mockRestore()
  })

  test('has no room: what is written is sent, and it says so', async () => {
    const store = await loaded('Milk')
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    server.faults.push('network')
    const key = store.create(body('Bread'))
    await sent(1)
    expect(store.snapshot().storage).toBe('full')
    store.update(key, { title: 'Rye' })
    put.mockRestore()
    store.send()
    await settled(store)
    expect([...server.tasks.values()].map((t) => t.title)).toEqual(['Milk', 'Rye'])
    expect(store.snapshot().storage).toBe('ok')
  })

  test('has no room when the page is opened: it says so, and keeps what is written when there is', async () => {
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    const store = await loaded('Milk')
    await vi.waitFor(() => expect(store.snapshot().storage).toBe('full'))
    server.faults.push('network', 'network')
    store.update(only(store).key, { title: 'Oat milk' })
    await sent(1)
    expect(store.snapshot().storage).toBe('full')
    put.mockRestore()
    await store.send()
    expect(store.snapshot().storage).toBe('ok')
    expect(await new Keep(name).readOps('ann')).toHaveLength(1)
  })

  test('has no room for some, then for more: all of it is kept before it says that there is room', async () => {
    const store = await loaded('Milk', 'Bread', 'Rye')
    const [milk, bread, rye] = store.snapshot().rows.map((row) => row.key)
    server.faults.push('network', 'network', 'network')
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    store.update(milk ?? '', { title: 'Oat milk' })
    store.update(bread ?? '', { title: 'Toast' })
    await vi.waitFor(() => expect(store.snapshot().storage).toBe('full'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    put.mockRestore()
    store.update(rye ?? '', { title: 'Rye bread' })
    await vi.waitFor(() => expect(store.snapshot().storage).toBe('ok'))
    expect(await new Keep(name).readOps('ann')).toHaveLength(3)
  })

  test('has no room until its user signs out: nothing of them is kept after that', async () => {
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    const store = await loaded('Milk')
    await vi.waitFor(() => expect(store.snapshot().storage).toBe('full'))
    put.mockRestore()
    const keep = new Keep(name)
    await keep.forget({ allBut: undefined })
    store.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await keep.readList('ann')).toBeUndefined()
  })
})
