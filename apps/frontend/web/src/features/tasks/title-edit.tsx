import { useEffect, useRef } from 'react'
import type { Row } from '@/store'
import { inputLook, cx } from '@/ui'
import { useFieldEdit } from './field-edit'
import { ForeignNote } from './foreign-note'
import { cleanTitle, titleError } from './title'

/** The title, edited where it stands. Enter saves, Escape gives up. */
export function TitleEdit({ row, done }: { row: Row; done(): void }) {
  const edit = useFieldEdit(row, 'title', { clean: cleanTitle })
  const input = useRef<HTMLInputElement>(null)
  // What is typed already goes on at its end: the task was away for a moment.
  const begun = useRef(edit.dirty || row.state === 'conflict')
  useEffect(() => {
    const field = input.current
    field?.focus()
    if (begun.current) field?.setSelectionRange(field.value.length, field.value.length)
    else field?.select()
  }, [])
  const error = titleError(edit.value)
  function save(): void {
    if (error || edit.foreign) return
    edit.commit()
    done()
  }
  return (
    <div className="relative z-1 flex min-w-0 flex-1 flex-col gap-1.5">
      <input
        ref={input}
        dir="auto"
        aria-label="Title"
        aria-invalid={error ? true : undefined}
        className={cx(inputLook, 'h-8 px-2 touch:h-11')}
        value={edit.value}
        onChange={(event) => edit.set(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return
          if (event.key === 'Enter') {
            // The focus goes to the row's button at once, which the same Enter would press.
            event.preventDefault()
            save()
          }
          if (event.key !== 'Escape') return
          event.stopPropagation()
          edit.reset()
          done()
        }}
      />
      {error && <p role="alert" className="text-xs text-danger">{error}</p>}
      {edit.foreign && (
        <ForeignNote
          what="The title"
          theirs={edit.foreign.value}
          onTheirs={() => {
            edit.reset()
            done()
          }}
          onMine={() => {
            edit.insist()
            done()
          }}
        />
      )}
    </div>
  )
}
