import { useEffect, useState, type Dispatch, type SetStateAction } from 'react'
import { useUser } from '@/app/scope'

// What is typed and not saved yet. localStorage, since it is there the moment a key is pressed, also when
// the next moment is a reload.

const memory = new Map<string, string>()

export function readDraft(key: string): string {
  try {
    return localStorage.getItem(key) ?? memory.get(key) ?? ''
  } catch {
    return memory.get(key) ?? ''
  }
}

export function writeDraft(key: string, text: string): void {
  if (text) memory.set(key, text)
  else memory.delete(key)
  try {
    if (text) localStorage.setItem(key, text)
    else localStorage.removeItem(key)
  } catch {
    // Without storage, or without room, a draft lasts as long as the page.
  }
}

export function draftKey(user: string, name: string): string {
  return `tasktide:draft:${user}:${name}`
}

/** Text that outlives a reload until it is set to nothing. */
export function useDraft(name: string): [string, Dispatch<SetStateAction<string>>] {
  const key = draftKey(useUser().id, name)
  const [text, setText] = useState(() => readDraft(key))
  useEffect(() => writeDraft(key, text), [key, text])
  return [text, setText]
}

/** On signing out: other people use this browser too. */
export function forgetDrafts(user: string): void {
  memory.clear()
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(draftKey(user, ''))) localStorage.removeItem(key)
  } catch {
    // There are none.
  }
}
