// @vitest-environment happy-dom
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { draftKey, editName, forgetDrafts, hasDrafts, readDraft, writeDraft } from './drafts'
import { rowOf, body, World } from './world.test-util'

vi.mock('@/api', async () => ({ ...(await import('@/api/errors')), tokenAtHand: () => undefined, rememberedUser: () => ({ id: 'ann' }) }))

let world: World
beforeEach(() => {
  localStorage.clear()
  world = new World()
})
afterEach(() => world.end())

const draft = (key: string) => draftKey('ann', editName(key, 'description'))

test('what is typed into a new task is there after the server gave it an id, in this page and after a reload', async () => {
  const store = await world.open()
  await store.reload()
  const key = store.create(body('Milk'))
  writeDraft(draft(key), 'typed before')
  await vi.waitFor(() => expect(rowOf(store, 'Milk').state).toBe('saved'))
  const { id } = rowOf(store, 'Milk').task
  expect(id).not.toBe(key)
  expect(readDraft(draft(key))).toBe('typed before')
  writeDraft(draft(key), 'typed after')
  // After a reload the row is known by its id only, and memory is empty.
  expect(localStorage.getItem(draft(id))).toBe('typed after')
  expect(Object.keys(localStorage).filter((name) => name.includes(key))).toEqual([])
})

test('what is typed into a task that the server does not have yet is there after a reload', async () => {
  const store = await world.open()
  world.server.faults.push('network')
  const key = store.create(body('Milk'))
  writeDraft(draft(key), 'typed')
  await vi.waitFor(() => expect(world.writes()).toHaveLength(1))
  world.close(store)
  const again = await world.open()
  expect(localStorage.getItem(draft(rowOf(again, 'Milk').key))).toBe('typed')
})

test('whether something is typed that the server does not have: not what only the page keeps, nothing but spaces, nor for a task that is gone', async () => {
  forgetDrafts()
  expect(hasDrafts('ann')).toBe(false)
  writeDraft(draftKey('ann', 'notifications-not-before'), '1')
  writeDraft(draftKey('ann', 'add'), '  ')
  writeDraft(draftKey('bob', 'add'), 'of another')
  expect(hasDrafts('ann')).toBe(false)
  writeDraft(draftKey('ann', 'add'), 'half')
  expect(hasDrafts('ann')).toBe(true)
  writeDraft(draftKey('ann', 'add'), '')
  const store = await world.loaded('Milk')
  const { key } = rowOf(store, 'Milk')
  writeDraft(draft(key), 'typed')
  expect(hasDrafts('ann')).toBe(true)
  store.remove(key)?.send()
  await vi.waitFor(() => expect(world.titles()).toEqual([]))
  await vi.waitFor(() => expect(hasDrafts('ann')).toBe(false))
})
