import { Eye, EyeOff } from 'lucide-react'
import { useState, type ComponentProps, type ReactNode } from 'react'
import { cx, Field, IconButton, inputLook } from '@/ui'

/** A password that can be looked at. */
export function PasswordField({ label, hint, error, ...input }: ComponentProps<'input'> & { label: string; hint?: ReactNode; error?: ReactNode }) {
  const [shown, setShown] = useState(false)
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <div className="relative">
          <input {...control} {...input} type={shown ? 'text' : 'password'} autoCapitalize="none" spellCheck={false} className={cx(inputLook, 'h-9 pr-11 touch:h-11')} />
          <IconButton label={shown ? 'Hide password' : 'Show password'} size="sm" className="absolute inset-y-0 right-1 my-auto" onClick={() => setShown(!shown)}>
            {shown ? <EyeOff aria-hidden="true" className="size-4" /> : <Eye aria-hidden="true" className="size-4" />}
          </IconButton>
        </div>
      )}
    </Field>
  )
}
