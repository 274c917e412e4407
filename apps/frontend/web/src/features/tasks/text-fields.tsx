import type { Row } from '@/store'
import { cx, Field, inputLook } from '@/ui'
import { useFieldEdit } from './field-edit'
import { ForeignNote } from './foreign-note'
import { cleanTitle, titleError } from './title'

const SAVE_AFTER_MS = 1500
const LONGEST_DESCRIPTION = 1000

export function TitleField({ row }: { row: Row }) {
  const edit = useFieldEdit(row, 'title', { afterMs: SAVE_AFTER_MS, clean: cleanTitle })
  return (
    <div className="flex flex-col gap-2">
      <Field label="Title" hideLabel error={titleError(edit.value)}>
        {(control) => (
          <textarea
            {...control}
            dir="auto"
            rows={1}
            value={edit.value}
            onChange={(event) => edit.set(event.target.value.replace(/\s*\n\s*/g, ' '))}
            onBlur={edit.commit}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.nativeEvent.isComposing) return
              event.preventDefault()
              edit.commit()
            }}
            className={cx(inputLook, 'field-sizing-content resize-none border-transparent bg-transparent px-2 py-1 !text-lg font-semibold hover:border-line-strong', row.task.completed && 'text-ink-2 line-through')}
          />
        )}
      </Field>
      {edit.foreign && <ForeignNote what="The title" theirs={edit.foreign.value} onTheirs={edit.reset} onMine={edit.insist} />}
    </div>
  )
}

export function DescriptionField({ row }: { row: Row }) {
  const edit = useFieldEdit(row, 'description', { afterMs: SAVE_AFTER_MS, clean: (text) => (tooLong(text) ? undefined : text?.trim() ? text : null) })
  const length = [...(edit.value ?? '')].length
  return (
    <div className="flex flex-col gap-2">
      <Field label="Notes" error={tooLong(edit.value) ? `Notes have at most ${LONGEST_DESCRIPTION} characters; these have ${length}. Shorten them to save.` : undefined}>
        {(control) => (
          <textarea
            {...control}
            dir="auto"
            value={edit.value ?? ''}
            placeholder="What else there is to know"
            onChange={(event) => edit.set(event.target.value)}
            onBlur={edit.commit}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) edit.commit()
            }}
            className={cx(inputLook, 'field-sizing-content max-h-80 min-h-20 py-2')}
          />
        )}
      </Field>
      {edit.foreign && <ForeignNote what="The notes" theirs={edit.foreign.value ?? ''} onTheirs={edit.reset} onMine={edit.insist} />}
    </div>
  )
}

function tooLong(text: string | null): boolean {
  return [...(text ?? '')].length > LONGEST_DESCRIPTION
}
