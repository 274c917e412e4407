// @vitest-environment happy-dom
import 'fake-indexeddb/auto'
import { beforeEach, expect, test, vi } from 'vitest'
import { Keep } from '@/store/keep'

const session = vi.hoisted(() => ({ now: { status: 'loading' } as Record<string, unknown>, listeners: [] as (() => void)[] }))
const remembered = () => JSON.parse(localStorage.getItem('tasktide:user') ?? 'null') as { id: string } | null
vi.mock('@/api', () => ({ currentSession: () => session.now, subscribeToSession: (f: () => void) => session.listeners.push(f), rememberedUser: () => remembered() ?? undefined }))
vi.mock('@/store', async () => import('@/store/keep'))

import { draftKey, readDraft, writeDraft } from '@/store/drafts'
import { keepOneUserOnly } from './forget'

let databases = 0
let name: string
const clearAppBadge = vi.fn(() => Promise.resolve())

function becomes(status: string, user?: string): void {
  if (user) localStorage.setItem('tasktide:user', JSON.stringify({ id: user }))
  else localStorage.removeItem('tasktide:user')
  session.now = user ? { status, user: { id: user } } : { status }
  for (const listener of session.listeners) listener()
}
const kept = async (user: string) => (await new Keep(name).readList(user)) !== undefined

beforeEach(async () => {
  localStorage.clear()
  session.listeners.length = 0
  name = `forget-${++databases}`
  clearAppBadge.mockClear()
  Object.assign(navigator, { clearAppBadge })
  const keep = new Keep(name)
  for (const user of ['ann', 'bob']) {
    await keep.begin(user)
    await keep.writeList(user, { epoch: 'e', position: 1 }, [])
    localStorage.setItem(`tasktide:zone:${user}`, 'Europe/Berlin')
    localStorage.setItem(draftKey(user, 'add'), 'half a sentence')
    localStorage.setItem(`tasktide:op:${user}:1`, '{}')
  }
  localStorage.setItem('tasktide:theme', 'dark')
  keepOneUserOnly(new Keep(name))
})

const of = (user: string) => Object.keys(localStorage).filter((key) => key.includes(`:${user}`))

test('a user who signs out leaves nothing but the theme', async () => {
  becomes('signed-in', 'ann')
  becomes('signed-out')
  await vi.waitFor(async () => expect(await kept('ann')).toBe(false))
  expect([...of('ann'), ...of('bob')]).toEqual([])
  expect(localStorage.getItem('tasktide:theme')).toBe('dark')
  expect(clearAppBadge).toHaveBeenCalledOnce()
})

test('whoever signs in as somebody else finds nothing of the one before', async () => {
  becomes('signed-in', 'ann')
  becomes('expired', 'ann')
  expect(of('ann')).toHaveLength(3)
  becomes('signed-in', 'bob')
  await vi.waitFor(async () => expect(await kept('ann')).toBe(false))
  expect(of('ann')).toEqual([])
  expect(await kept('bob')).toBe(false) // was there before ann, and went when she came
})

test('what was left when the page was closed in the middle goes at the next start', async () => {
  becomes('signed-out')
  await vi.waitFor(async () => expect(await kept('ann')).toBe(false))
  expect([...of('ann'), ...of('bob')]).toEqual([])
})

test('a user whose id has a colon is told from one whose id begins so', () => {
  localStorage.setItem(draftKey('https://x/y', 'add'), 'half')
  becomes('signed-in', 'https://x/y')
  expect(readDraft(draftKey('https://x/y', 'add'))).toBe('half')
  becomes('signed-in', 'https')
  expect(localStorage.getItem(draftKey('https://x/y', 'add'))).toBeNull()
})

test('a session that ends keeps everything of its user', async () => {
  becomes('signed-in', 'ann')
  becomes('expired', 'ann')
  await vi.waitFor(async () => expect(await kept('bob')).toBe(false))
  expect(await kept('ann')).toBe(true)
  expect(of('ann')).toHaveLength(3)
})

test('a draft of a user whom the browser does not remember any more is not stored', () => {
  becomes('signed-in', 'ann')
  localStorage.removeItem('tasktide:user')
  const key = draftKey('ann', 'edit:t:title')
  writeDraft(key, 'late')
  expect(localStorage.getItem(key)).toBeNull()
  expect(readDraft(key)).toBe('late')
})
