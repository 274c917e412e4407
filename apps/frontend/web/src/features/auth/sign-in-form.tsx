import { authClient, authError } from '@/api'
import { Button, Note, TextField } from '@/ui'
import { PasswordField } from './password-field'
import { formText, takeOver, useSubmit } from './use-submit'

/** Signs in and takes the session over. `email` is fixed where the same user has to come back. */
export function SignInForm({ email }: { email?: string }) {
  const { busy, failure, onSubmit } = useSubmit(async (values) => {
    const { error } = await authClient.signIn.email({ email: values['email'] ?? '', password: values['password'] ?? '', rememberMe: values['stay'] === 'on' })
    if (error) throw authError(error)
    await takeOver()
  })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-4">
      <TextField label="E-mail" name="email" type="email" autoComplete="username" inputMode="email" required defaultValue={email} readOnly={email !== undefined} autoFocus={email === undefined} />
      <PasswordField label="Password" name="password" autoComplete="current-password" required autoFocus={email !== undefined} />
      <label className="flex min-h-6 items-center gap-2.5 text-sm text-ink-2 touch:min-h-11">
        <input type="checkbox" name="stay" defaultChecked className="size-4 accent-accent" />
        Stay signed in on this device
      </label>
      {failure !== undefined && <Note tone="danger">{formText(failure)}</Note>}
      <Button type="submit" look="primary" busy={busy}>Sign in</Button>
    </form>
  )
}
