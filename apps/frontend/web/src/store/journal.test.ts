// @vitest-environment happy-dom
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { notes } from './journal'
import { Keep } from './keep'
import { body, rowOf, World } from './world.test-util'

const who = vi.hoisted(() => ({ remembered: 'ann' }))
vi.mock('@/api', async () => ({ ...(await import('@/api/errors')), tokenAtHand: () => undefined, rememberedUser: () => ({ id: who.remembered }) }))

let world: World
beforeEach(() => {
  localStorage.clear()
  who.remembered = 'ann'
  world = new World()
})
afterEach(() => world.end())

test('what was done in the moment before the page is gone is there in the next one, and is sent once', async () => {
  world.server.add(body('Milk'))
  const store = await world.open()
  await store.reload()
  store.create(body('Bread'))
  store.update(rowOf(store, 'Milk').key, { title: 'Oat milk' })
  world.close(store)
  const again = await world.open()
  await vi.waitFor(() => expect(again.snapshot()).toMatchObject({ waiting: 0, stuck: 0 }))
  expect(world.titles()).toEqual(['Bread', 'Oat milk'])
  expect(world.writes().sort()).toEqual(['create Bread', expect.stringMatching(/^update .* v1$/)])
  expect(notes('ann').size).toBe(0)
})

test('what was taken back in the moment before the page is gone does not happen', async () => {
  world.server.add(body('Milk'))
  const store = await world.open()
  await store.reload()
  world.server.faults.push('network')
  store.update(rowOf(store, 'Milk').key, { title: 'Water' })
  await vi.waitFor(() => expect(world.writes()).toHaveLength(1))
  await world.kept(store)
  const [op] = rowOf(store, 'Water').ops
  store.discard(op?.id ?? '')
  world.close(store)
  const again = await world.open()
  await again.send()
  expect(again.snapshot()).toMatchObject({ waiting: 0, stuck: 0 })
  expect(world.titles()).toEqual(['Milk'])
})

test('nothing is left of what was sent, given up, or joined', async () => {
  world.server.add(body('Milk'))
  const store = await world.open()
  await store.reload()
  const { key } = rowOf(store, 'Milk')
  world.server.faults.push('network')
  store.update(key, { title: 'a' })
  await vi.waitFor(() => expect(world.writes()).toHaveLength(1))
  store.update(key, { priority: 'high' })
  store.update(key, { priority: 'medium' })
  store.complete(key, true)
  const [op] = rowOf(store, 'a').ops
  store.discard(op?.id ?? '')
  await store.send()
  await vi.waitFor(() => expect(store.snapshot()).toMatchObject({ waiting: 0, stuck: 0 }))
  expect([...world.server.tasks.values()]).toMatchObject([{ title: 'Milk', priority: 'medium', completed: true }])
  await vi.waitFor(() => expect(notes('ann').size).toBe(0))
})

test('a write of another version of the page that can not be sent breaks nothing', async () => {
  const strange = { id: 'x', user: 'ann', taskId: 'new-x', at: 1, tries: 0, state: 'waiting', kind: 'create' }
  localStorage.setItem('tasktide:op:ann:x', JSON.stringify(strange))
  const keep = new Keep(world.name)
  await keep.begin('ann')
  await keep.writeOps('ann', [{ ...strange, id: 'y', kind: 'update', seen: 1, saw: {} } as never], [])
  const store = await world.open()
  expect(store.snapshot()).toMatchObject({ rows: [], waiting: 0 })
})

test('what another tab is about to have kept is left to it', async () => {
  const first = await world.open()
  first.create(body('Milk'))
  expect(notes('ann').size).toBe(1)
  const second = await world.open()
  await vi.waitFor(() => expect(world.titles()).toEqual(['Milk']))
  await vi.waitFor(() => expect(notes('ann').size).toBe(0))
  await second.send()
  expect(world.writes()).toEqual(['create Milk'])
})

test('what was noted by the name of a new task is done to the one that another tab had made of it', async () => {
  const first = await world.open()
  const name = first.create(body('Milk'))
  await vi.waitFor(() => expect(first.snapshot()).toMatchObject({ waiting: 0, stuck: 0 }))
  const { task } = rowOf(first, 'Milk')
  const op = { id: 'op-1', user: 'ann', taskId: name, at: world.time + 1, tries: 0, state: 'waiting', kind: 'complete', seen: 0, saw: { ...task, id: name, version: 0 }, to: true }
  localStorage.setItem('tasktide:op:ann:op-1', JSON.stringify(op))
  const second = await world.open()
  await vi.waitFor(() => expect([...world.server.tasks.values()].map(({ completed }) => completed)).toEqual([true]))
  await vi.waitFor(() => expect(second.snapshot()).toMatchObject({ waiting: 0, stuck: 0 }))
  expect(world.titles()).toEqual(['Milk'])
})

test('nothing is noted for a user whom the browser does not remember any more', async () => {
  const store = await world.open()
  who.remembered = 'bob'
  store.create(body('Secret of Ann'))
  expect(Object.keys(localStorage).map((key) => localStorage.getItem(key)).join()).not.toContain('Secret')
})

test.each(['{', '7', '{"kind":"create"}', ''])('a note that can not be read is thrown away: %s', async (text) => {
  localStorage.setItem('tasktide:op:ann:x', text)
  const store = await world.open()
  await vi.waitFor(() => expect(notes('ann').size).toBe(0))
  expect(store.snapshot().rows).toEqual([])
})
