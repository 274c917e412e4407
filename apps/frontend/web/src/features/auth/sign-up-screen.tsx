import { getRouteApi, Link, Navigate } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { authClient, authError, errorText, sessionBegan, useSession } from '@/api'
import { Button, Note, TextField } from '@/ui'
import { AuthFrame } from './frame'

const route = getRouteApi('/sign-up')

export function SignUpScreen() {
  const { code } = route.useSearch()
  const session = useSession()
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  if (session.status === 'signed-in') return <Navigate to="/today" replace />

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setBusy(true)
    setFailure(undefined)
    try {
      const fields = { name: String(form.get('name')), email: String(form.get('email')), password: String(form.get('password')) }
      const { error } = await authClient.signUp.email({ ...fields, ...(code ? { code } : {}) })
      if (error) setFailure(authError(error))
      else await sessionBegan()
    } catch (error) {
      setFailure(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <AuthFrame title={code ? 'Make the first account' : 'Sign up'}>
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        <TextField label="Name" name="name" autoComplete="name" required />
        <TextField label="E-mail" name="email" type="email" autoComplete="username" required />
        <TextField label="Password" name="password" type="password" autoComplete="new-password" required minLength={8} hint="At least 8 characters." />
        {failure !== undefined && <Note tone="danger">{errorText(failure)}</Note>}
        <Button type="submit" look="primary" busy={busy}>Make account</Button>
      </form>
      <p className="mt-5 text-center text-sm text-ink-2">Have an account? <Link to="/sign-in" className="font-medium text-accent underline underline-offset-2">Sign in</Link></p>
    </AuthFrame>
  )
}
