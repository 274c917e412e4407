import { X } from 'lucide-react'
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import { useUser } from '@/app/scope'
import type { Edits, Row } from '@/store'
import { cx, Field, inputLook, useRemoval } from '@/ui'
import { draftKey, useDraft, writeDraft } from './drafts'
import { tagsOf } from './list-model'
import { useTasks } from './use-tasks'

const MOST = 10
const LONGEST = 50

/** Tags, added by Enter or a comma; what is in use is offered. */
export function TagsField({ row: { key, task }, save }: { row: Row; save(edits: Edits): boolean }) {
  const { rows } = useTasks()
  const known = useMemo(() => tagsOf(rows), [rows])
  const [text, setText] = useDraft(`edit:${key}:tag`)
  const draft = draftKey(useUser().id, `edit:${key}:tag`)
  const input = useRef<HTMLInputElement>(null)
  const [error, setError] = useState<string>()
  const list = useId()
  const { group, leaving } = useRemoval<HTMLUListElement>(() => input.current)
  function add(): void {
    const tags = text.split(/[,\s#]+/).map((tag) => tag.trim().toLowerCase()).filter(Boolean)
    if (tags.length === 0) return
    const next = [...new Set([...task.tags, ...tags])]
    if (next.length > MOST) return setError(`A task has at most ${MOST} tags. Remove one first.`)
    if (next.some((tag) => [...tag].length > LONGEST)) return setError(`A tag has at most ${LONGEST} characters.`)
    // What is typed into a task that is deleted here is there again should that be undone.
    if (!save({ tags: next })) return
    setText('')
    writeDraft(draft, '') // also when this is gone
    setError(undefined)
  }
  // A panel that closes saves what it has.
  const latest = useRef(add)
  useEffect(() => {
    latest.current = add
  })
  useEffect(() => () => latest.current(), [])
  return (
    <div className="flex flex-col gap-2">
      <Field label="Tags" error={error}>
        {(control) => (
          <input
            {...control}
            ref={input}
            dir="auto"
            list={list}
            value={text}
            placeholder={task.tags.length === 0 ? 'shop, errands' : 'Add another'}
            autoComplete="off"
            enterKeyHint="done"
            onChange={(event) => {
              setText(event.target.value)
              setError(undefined)
            }}
            onKeyDown={(event) => {
              if ((event.key !== 'Enter' && event.key !== ',') || event.nativeEvent.isComposing) return
              event.preventDefault()
              add()
            }}
            onBlur={add}
            className={cx(inputLook, 'h-9 touch:h-11')}
          />
        )}
      </Field>
      <datalist id={list}>{known.filter((tag) => !task.tags.includes(tag)).slice(0, 30).map((tag) => <option key={tag} value={tag} />)}</datalist>
      {task.tags.length > 0 && (
        <ul ref={group} className="flex flex-wrap gap-1.5" aria-label="Tags of this task">
          {task.tags.map((tag) => (
            <li key={tag} className="max-w-full">
              <button
                type="button"
                aria-label={`Remove the tag ${tag}`}
                onClick={(event) => {
                  leaving(event.currentTarget)
                  save({ tags: task.tags.filter((t) => t !== tag) })
                }}
                className="inline-flex h-7 max-w-full items-center gap-1 rounded-full bg-sunken pr-1.5 pl-2.5 text-xs text-ink-2 hover:text-ink touch:h-9"
              >
                <span className="user-text truncate">#{tag}</span>
                <X aria-hidden="true" className="size-3.5 shrink-0" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
