import { useEffect, useState, type Dispatch, type SetStateAction } from 'react'
import { useUser } from '@/app/scope'
import { draftKey, readDraft, writeDraft } from '@/store/drafts'

export { draftKey, readDraft, writeDraft }

/** Text that outlives a reload until it is set to nothing. */
export function useDraft(name: string): [string, Dispatch<SetStateAction<string>>] {
  const key = draftKey(useUser().id, name)
  const [text, setText] = useState(() => readDraft(key))
  useEffect(() => writeDraft(key, text), [key, text])
  return [text, setText]
}
