import { rememberedUser } from '@/api'
import { isOp, type Op } from './ops'

// Writes that the browser's database does not have yet: it answers some milliseconds later, and the page may be gone by
// then. localStorage has a thing the moment it is said. An entry is here for those milliseconds only.

/** What was noted, by the op's id: as text, that it can be compared. */
export type Notes = ReadonlyMap<string, string>

/** `undefined`: the op is dropped. */
export function note(user: string, id: string, op: Op | undefined): void {
  // Another tab may have signed the user out a moment ago.
  if (rememberedUser()?.id !== user) return
  try {
    localStorage.setItem(keyOf(user, id), JSON.stringify(op ?? null))
  } catch {
    // Without storage, or without room, it is as safe as the database is fast.
  }
}

export function strike(user: string, id: string): void {
  try {
    localStorage.removeItem(keyOf(user, id))
  } catch {
    // There is none.
  }
}

export function notes(user: string): Notes {
  const found = new Map<string, string>()
  try {
    const own = keyOf(user, '')
    for (const key of Object.keys(localStorage)) if (key.startsWith(own)) found.set(key.slice(own.length), localStorage.getItem(key) ?? '')
  } catch {
    // There are none.
  }
  return found
}

/** The op of an entry, null if it was dropped, undefined if the entry can't be read. */
export function opOf(text: string): Op | null | undefined {
  try {
    const entry: unknown = JSON.parse(text)
    return entry === null || isOp(entry) ? entry : undefined
  } catch {
    return undefined
  }
}

function keyOf(user: string, id: string): string {
  return `tasktide:op:${encodeURIComponent(user)}:${id}`
}
