import { useId, type ComponentProps, type ReactNode } from 'react'
import { cx } from './cx'

export const inputLook =
  'w-full min-w-0 rounded-md border border-line-strong bg-surface px-3 text-base text-ink transition-colors duration-100 hover:border-ink-3 focus:border-accent focus-visible:outline-offset-0 disabled:opacity-60 aria-invalid:border-danger'

type Shared = {
  label: string
  /** What to know before typing. */
  hint?: ReactNode
  /** What is wrong, and what to do. */
  error?: ReactNode
  /** The label is for those who can't see what stands around it. */
  hideLabel?: boolean
}

/** Label, control, hint and error, tied together. `children` gets what the control must carry. */
export function Field({ label, hint, error, hideLabel = false, children }: Shared & {
  children(control: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined }): ReactNode
}) {
  const id = useId()
  const notes = [error ? `${id}-error` : '', hint ? `${id}-hint` : ''].filter(Boolean).join(' ')
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'text-sm font-medium text-ink-2'}>{label}</label>
      {children({ id, 'aria-describedby': notes || undefined, 'aria-invalid': error ? true : undefined })}
      {error && <p id={`${id}-error`} className="text-sm text-danger">{error}</p>}
      {hint && <p id={`${id}-hint`} className="text-xs text-ink-3">{hint}</p>}
    </div>
  )
}

export function TextField({ label, hint, error, hideLabel = false, className, ...input }: Shared & ComponentProps<'input'>) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(control) => <input {...control} {...input} className={cx(inputLook, 'h-9 touch:h-11', className)} />}
    </Field>
  )
}

/** The browser's own list: on a phone it is the one that the person knows. */
export function SelectField({ label, hint, error, hideLabel = false, className, options, ...select }: Shared & ComponentProps<'select'> & {
  options: readonly { value: string; label: string }[]
}) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(control) => (
        <select {...control} {...select} className={cx(inputLook, 'h-9 touch:h-11', className)}>
          {options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
        </select>
      )}
    </Field>
  )
}
