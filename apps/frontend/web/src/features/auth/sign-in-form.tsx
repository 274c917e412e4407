import { useState, type FormEvent } from 'react'
import { authClient, authError, errorText, sessionBegan } from '@/api'
import { Button, Note, TextField } from '@/ui'

/** Signs in and takes the session over. `email` is fixed where the same user has to come back. */
export function SignInForm({ email }: { email?: string }) {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setBusy(true)
    setFailure(undefined)
    try {
      const { error } = await authClient.signIn.email({ email: String(form.get('email')), password: String(form.get('password')) })
      if (error) setFailure(authError(error))
      else await sessionBegan()
    } catch (error) {
      setFailure(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
      <TextField label="E-mail" name="email" type="email" autoComplete="username" required defaultValue={email} readOnly={email !== undefined} />
      <TextField label="Password" name="password" type="password" autoComplete="current-password" required />
      {failure !== undefined && <Note tone="danger">{errorText(failure)}</Note>}
      <Button type="submit" look="primary" busy={busy}>Sign in</Button>
    </form>
  )
}
