import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { TaskStore } from './tasks'
import { body, rowOf, World } from './world.test-util'

vi.mock('@/api', async () => ({ ...(await import('@/api/errors')), tokenAtHand: (user: string) => `token of ${user}`, rememberedUser: () => ({ id: 'ann' }) }))

let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.end())

const stuck = (store: TaskStore, n = 1) => vi.waitFor(() => expect(store.snapshot()).toMatchObject({ stuck: n, waiting: 0 }))
const through = (store: TaskStore) => vi.waitFor(() => expect(store.snapshot()).toMatchObject({ stuck: 0, waiting: 0 }))

/** A change of the title that the server refused. */
async function refused(): Promise<{ store: TaskStore; key: string; id: string }> {
  const store = await world.loaded('Milk')
  const { key, task } = rowOf(store, 'Milk')
  world.server.faults.push(422)
  store.update(key, { title: 'bad', priority: 'high' })
  await stuck(store)
  return { store, key, id: task.id }
}

/** A change of the title that met another one. */
async function conflict(): Promise<{ store: TaskStore; key: string; id: string }> {
  const store = await world.loaded('Milk')
  const { key, task } = rowOf(store, 'Milk')
  world.server.change(task.id, { title: 'Soy milk' })
  store.update(key, { title: 'Oat milk' })
  await stuck(store)
  return { store, key, id: task.id }
}

describe('behind a change that was refused', () => {
  test('a deletion goes out, and takes it along', async () => {
    const { store, key } = await refused()
    store.remove(key)?.send()
    await through(store)
    expect(world.titles()).toEqual([])
  })

  test('a deletion that is undone leaves it as it was', async () => {
    const { store, key } = await refused()
    store.remove(key)?.undo()
    expect(rowOf(store, 'bad')).toMatchObject({ state: 'failed' })
  })

  test('a correction goes out with all that was refused, once', async () => {
    const { store, key, id } = await refused()
    store.update(key, { title: 'good' })
    await through(store)
    expect(world.server.tasks.get(id)).toMatchObject({ title: 'good', priority: 'high', version: 2 })
  })

  test('the same text as before the change leaves nothing to send', async () => {
    const { store, key, id } = await refused()
    store.update(key, { title: 'Milk', priority: 'low' })
    await through(store)
    expect(world.server.tasks.get(id)?.version).toBe(1)
  })

  test('a change of another field and a completion go out, and it can still be tried again', async () => {
    const { store, key, id } = await refused()
    store.update(key, { category: 'work' })
    store.complete(key, true)
    await stuck(store)
    expect(world.server.tasks.get(id)).toMatchObject({ title: 'Milk', category: 'work', completed: true })
    store.retry(rowOf(store, 'bad').ops[0]?.id ?? '')
    await through(store)
    expect(world.server.tasks.get(id)).toMatchObject({ title: 'bad', category: 'work', completed: true })
  })

  test('what was corrected before it was refused is not refused with it', async () => {
    const store = await world.loaded('Milk')
    const { key, task } = rowOf(store, 'Milk')
    world.server.faults.push(422)
    world.server.meanwhile = () => store.update(key, { title: 'good' })
    store.update(key, { title: 'bad', priority: 'high' })
    await through(store)
    expect(world.server.tasks.get(task.id)).toMatchObject({ title: 'good', priority: 'high' })
    expect(rowOf(store, 'good').state).toBe('saved')
  })

  test('all of that is so after a reload, too', async () => {
    const { store, key } = await refused()
    store.remove(key)
    await vi.waitFor(async () => expect(store.snapshot().rows).toHaveLength(0))
    await vi.waitFor(async () => expect(await keptOps()).toBe(2))
    world.close(store)
    await through(await world.open())
    expect(world.titles()).toEqual([])
  })
})

describe('behind a new task that was refused', () => {
  async function refusedTask() {
    const store = await world.loaded()
    world.server.faults.push(422)
    const key = store.create(body('bad'))
    await stuck(store)
    return { store, key }
  }

  test('a correction makes the task, by a key of its own', async () => {
    const { store, key } = await refusedTask()
    const before = rowOf(store, 'bad').ops[0]?.id
    store.update(key, { title: 'good' })
    await through(store)
    expect(world.titles()).toEqual(['good'])
    expect(store.snapshot().byKey.get(key)).toMatchObject({ state: 'saved', task: { title: 'good' } })
    expect(before).toBeDefined()
    expect(world.server.keysUsed()).not.toContain(before)
  })

  test('a deletion leaves nothing to send', async () => {
    const { store, key } = await refusedTask()
    const before = world.server.requests.length
    store.remove(key)?.send()
    await through(store)
    expect(store.snapshot().rows).toEqual([])
    expect(world.server.requests).toHaveLength(before)
  })

  test('a completion waits, and comes with the correction', async () => {
    const { store, key } = await refusedTask()
    store.complete(key, true)
    store.update(key, { title: 'good' })
    await through(store)
    expect([...world.server.tasks.values()]).toMatchObject([{ title: 'good', completed: true }])
  })
})

describe('behind a conflict', () => {
  test('a deletion asks whether what was not seen may go, and then goes', async () => {
    const { store, key } = await conflict()
    store.remove(key)?.send()
    await vi.waitFor(() => expect(store.snapshot().rows[0]).toMatchObject({ state: 'conflict', ops: [{ kind: 'remove' }] }))
    expect(world.titles()).toEqual(['Soy milk'])
    store.resolve(store.snapshot().rows[0]?.ops[0]?.id ?? '', 'mine')
    await through(store)
    expect(world.titles()).toEqual([])
  })

  test('another text for the same field is the one that the person is asked about', async () => {
    const { store, key, id } = await conflict()
    store.update(key, { title: 'Rice milk' })
    await vi.waitFor(() => expect(world.writes()).toHaveLength(2))
    await stuck(store)
    expect(rowOf(store, 'Rice milk')).toMatchObject({ state: 'conflict', ops: [{ theirs: { title: 'Soy milk' } }] })
    store.update(key, { title: 'Soy milk' })
    await through(store)
    expect(world.server.tasks.get(id)).toMatchObject({ title: 'Soy milk', version: 2 })
  })

  test('a completion goes out, and the conflict stays one', async () => {
    const { store, key, id } = await conflict()
    store.complete(key, true)
    await stuck(store)
    expect(world.server.tasks.get(id)).toMatchObject({ title: 'Soy milk', completed: true })
    store.update(key, { title: 'Rice milk' })
    await vi.waitFor(() => expect(world.writes()).toHaveLength(4))
    await stuck(store)
    expect(world.server.tasks.get(id)?.title).toBe('Soy milk')
  })

  test('with a deletion elsewhere, a deletion here is done', async () => {
    const store = await world.loaded('Milk')
    const { key, task } = rowOf(store, 'Milk')
    world.server.erase(task.id)
    store.update(key, { title: 'Oat milk' })
    await stuck(store)
    store.remove(key)?.send()
    await through(store)
    expect(store.snapshot().rows).toEqual([])
  })
})

test('a change behind one that was merged meets a change that nobody here has seen', async () => {
  const store = await world.loaded('Milk')
  const { key, task } = rowOf(store, 'Milk')
  world.server.change(task.id, { title: 'Soy milk' })
  world.server.meanwhile = () => store.update(key, { title: 'Oat milk' })
  store.update(key, { priority: 'high' })
  await stuck(store)
  expect(world.server.tasks.get(task.id)).toMatchObject({ title: 'Soy milk', priority: 'high' })
})

async function keptOps(): Promise<number> {
  const { Keep } = await import('./keep')
  return (await new Keep(world.name).readOps('ann'))?.length ?? 0
}
