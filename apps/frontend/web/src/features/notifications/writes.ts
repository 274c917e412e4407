import { draftKey, readDraft, writeDraft } from '@/features/tasks/drafts'
import type { Notification } from '@/api'
import { now } from '@/time'

// What a person did to notifications and the server has not acknowledged. It is kept like what is half typed: a reload without a
// network loses none of it. Each can be sent twice without harm, so tabs need not agree who sends.

export type Write = 'read' | 'gone'
export type Writes = Readonly<Record<string, Write>>

const keyOf = (user: string) => draftKey(user, 'notifications')
const untilKeyOf = (user: string) => draftKey(user, 'notifications-read-until')
const waitKeyOf = (user: string) => draftKey(user, 'notifications-not-before')
/** No answer asks for more: what is left of a longer one was written by a clock that jumped. */
const LONGEST_ASKED_MS = 3_600_000

export function keptWrites(user: string): Writes {
  try {
    const kept: unknown = JSON.parse(readDraft(keyOf(user)) || '{}')
    return typeof kept === 'object' && kept !== null ? (kept as Writes) : {}
  } catch {
    return {}
  }
}

export function keepWrites(user: string, more: Writes): void {
  store(user, { ...keptWrites(user), ...more })
}

/** It is acknowledged, unless another one took its place meanwhile. */
export function dropWrite(user: string, id: string, write: Write): void {
  const { [id]: kept, ...rest } = keptWrites(user)
  if (kept === write) store(user, rest)
}

/** Up to when all are read, by the `createdAt` of the newest one that was in sight; '' if that was not wished for. */
export function keptReadUntil(user: string): string {
  return readDraft(untilKeyOf(user))
}

export function keepReadUntil(user: string, until: string): void {
  if (until > keptReadUntil(user)) writeDraft(untilKeyOf(user), until)
}

/** It is acknowledged, unless there is a later one meanwhile. */
export function dropReadUntil(user: string, until: string): void {
  if (keptReadUntil(user) === until) writeDraft(untilKeyOf(user), '')
}

/** The list as it is when all of them are acknowledged. */
export function withWrites(list: Notification[], writes: Writes, until = ''): Notification[] {
  const isRead = (n: Notification) => writes[n.id] === 'read' || n.createdAt <= until
  return list.filter((n) => writes[n.id] !== 'gone').map((n) => (!n.read && isRead(n) ? { ...n, read: true } : n))
}

function store(user: string, writes: Writes): void {
  writeDraft(keyOf(user), Object.keys(writes).length > 0 ? JSON.stringify(writes) : '')
}

/** The server asked to wait: no tab sends before, nor does the page after a reload. */
export function keepWait(user: string, ms: number): void {
  writeDraft(waitKeyOf(user), String(now() + ms))
}

/** How long is left of what the server asked for. */
export function keptWait(user: string): number {
  const left = Number(readDraft(waitKeyOf(user))) - now()
  return left > 0 && left <= LONGEST_ASKED_MS ? left : 0
}
