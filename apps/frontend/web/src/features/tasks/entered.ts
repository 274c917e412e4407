import { uuid } from '@/store'
import { readDraft, writeDraft } from './drafts'

// Lines that were entered before the part that understands them was there. They are kept like what is half typed, so that a
// reload does not lose them; of the tabs that wait for that part, the first one takes a line; where two do, since localStorage
// tells neither of the other in time, the id makes one task of it.

export type Entered = { id: string; line: string }

export function enteredLines(key: string): Entered[] {
  try {
    const kept: unknown = JSON.parse(readDraft(key) || '[]')
    return Array.isArray(kept) ? kept.filter((e): e is Entered => typeof e?.id === 'string' && typeof e?.line === 'string') : []
  } catch {
    return []
  }
}

export function enter(key: string, line: string): Entered {
  const entered = { id: uuid(), line }
  writeLines(key, [...enteredLines(key), entered])
  return entered
}

/** Whether the line was still there to be taken. */
export function take(key: string, id: string): boolean {
  const lines = enteredLines(key)
  const rest = lines.filter((e) => e.id !== id)
  if (rest.length === lines.length) return false
  writeLines(key, rest)
  return true
}

function writeLines(key: string, lines: Entered[]): void {
  writeDraft(key, lines.length > 0 ? JSON.stringify(lines) : '')
}
