import { rememberedUser } from '@/api'

// What is typed and not saved yet. localStorage, since it is there the moment a key is pressed, also when
// the next moment is a reload.

const memory = new Map<string, string>()
/** Of tasks that were made here: by which name they were typed into, and which id they have. */
const ids = new Map<string, string>()

export function draftKey(user: string, name: string): string {
  return `tasktide:draft:${encodeURIComponent(user)}:${name}`
}

/** The name of what is typed into a field of a task. */
export function editName(task: string, field: string): string {
  return `edit:${task}:${field}`
}

export function readDraft(key: string): string {
  const name = present(key)
  try {
    return localStorage.getItem(name) ?? memory.get(name) ?? ''
  } catch {
    return memory.get(name) ?? ''
  }
}

export function writeDraft(key: string, text: string): void {
  const name = present(key)
  if (text) memory.set(name, text)
  else memory.delete(name)
  try {
    if (text && isKept(name)) localStorage.setItem(name, text)
    else localStorage.removeItem(name)
  } catch {
    // Without storage, or without room, a draft lasts as long as the page.
  }
}

/** Whether something is typed, or done to notifications, that the server does not have. */
export function hasDrafts(user: string): boolean {
  return keysOf(draftKey(user, '')).some((key) => key !== draftKey(user, 'notifications-not-before') && readDraft(key).trim() !== '')
}

/** The task is gone, and what is typed into it with it. */
export function dropEdits(user: string, task: string): void {
  for (const key of keysOf(draftKey(user, editName(task, '')))) writeDraft(key, '')
}

function keysOf(own: string): string[] {
  const isOwn = (key: string) => key.startsWith(own)
  try {
    return [...new Set([...memory.keys(), ...Object.keys(localStorage)])].filter(isOwn)
  } catch {
    return [...memory.keys()].filter(isOwn)
  }
}

/** A new task has its id: the next visit knows what is typed into it by that only. */
export function moveDrafts(user: string, before: string, id: string): void {
  ids.set(before, id)
  const old = draftKey(user, editName(before, ''))
  for (const key of [...memory.keys()].filter((name) => name.startsWith(old))) {
    memory.set(present(key), memory.get(key) ?? '')
    memory.delete(key)
  }
  try {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(old))) {
      localStorage.setItem(present(key), localStorage.getItem(key) ?? '')
      localStorage.removeItem(key)
    }
  } catch {
    // There are none.
  }
}

/** What the browser keeps is removed by app/forget.ts. */
export function forgetDrafts(): void {
  memory.clear()
}

function present(key: string): string {
  return key.replace(/(?<=:edit:)new-[^:]+/, (before) => ids.get(before) ?? before)
}

/** Another tab may have signed the user out a moment ago. */
function isKept(key: string): boolean {
  const user = rememberedUser()
  return user !== undefined && key.startsWith(draftKey(user.id, ''))
}
