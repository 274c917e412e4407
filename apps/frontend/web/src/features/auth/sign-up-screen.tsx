import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiError, authClient, authError, checkSession, errorText, signOut, useSession, type User } from '@/api'
import { Button, ErrorNote, Note, Skeleton, TextField, toast } from '@/ui'
import { AuthFrame } from './frame'
import { GoOn } from './go-on'
import { PasswordField } from './password-field'
import { formText, takeOver, useSubmit } from './use-submit'

const route = getRouteApi('/sign-up')

/** Makes an account; with the code of the link that the first start prints, the operator's. */
export function SignUpScreen() {
  const { code, to } = route.useSearch()
  const session = useSession()
  const [made, setMade] = useState(false)
  const first = code !== undefined
  if (session.status === 'signed-in') return first && !made ? <SignedInAlready user={session.user} /> : <GoOn to={to} />
  return (
    <AuthFrame
      title={first ? 'Make the first account' : 'Sign up'}
      subtitle={first ? 'It may look after this server, too. With it sign-up closes, unless the server is set to let everybody in.' : 'A name, an e-mail address, a password. Nothing is sent to the address.'}
    >
      {session.status === 'loading' ? <Skeleton lines={4} /> : (
        <>
          {session.status === 'unreachable' && <div className="mb-4"><ErrorNote error={session.error} retry={() => void checkSession()} /></div>}
          <SignUpForm code={code} onMade={() => setMade(true)} />
          <p className="mt-5 border-t border-line pt-4 text-center text-sm text-ink-2">
            Have an account? <Link to="/sign-in" search={to ? { to } : {}} className="font-medium text-accent underline underline-offset-2">Sign in</Link>
          </p>
        </>
      )}
    </AuthFrame>
  )
}

function SignUpForm({ code, onMade }: { code: string | undefined; onMade(): void }) {
  const { busy, failure, onSubmit } = useSubmit(async (values) => {
    const fields = { name: (values['name'] ?? '').trim(), email: values['email'] ?? '', password: values['password'] ?? '' }
    const { error } = await authClient.signUp.email({ ...fields, ...(code ? { code } : {}) })
    if (error) throw authError(error)
    onMade()
    await takeOver()
  })
  const refused = failure instanceof ApiError ? failure.code : undefined
  // Nothing that could be typed would help, so there is no form.
  if (refused === 'EMAIL_PASSWORD_SIGN_UP_DISABLED') return <Closed />
  const atPassword = refused?.startsWith('PASSWORD_TOO_') ?? false
  const atEmail = refused === 'INVALID_EMAIL' || (refused?.startsWith('USER_ALREADY_EXISTS') ?? false)
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-4">
      <TextField label="Name" name="name" autoComplete="name" required maxLength={255} autoFocus />
      <TextField label="E-mail" name="email" type="email" autoComplete="username" inputMode="email" required error={atEmail && formText(failure)} />
      <PasswordField
        label="Password" name="password" autoComplete="new-password" required minLength={8} maxLength={128}
        hint="8 to 128 characters. A few words in a row are good, and easy to keep."
        error={atPassword && formText(failure)}
      />
      {failure !== undefined && !atPassword && !atEmail && <Note tone="danger">{formText(failure)}</Note>}
      <Button type="submit" look="primary" busy={busy}>Make account</Button>
    </form>
  )
}

function Closed() {
  return (
    <Note tone="warn">
      <p className="font-medium">Sign-up is closed here.</p>
      <p className="mt-1">Ask whoever runs this server for an account: they make one with <code className="font-mono text-xs">tasktide users create</code> and your e-mail address, or open sign-up with <code className="font-mono text-xs">SIGN_UP=open</code>.</p>
    </Note>
  )
}

function SignedInAlready({ user }: { user: User }) {
  const [busy, setBusy] = useState(false)
  async function leave(): Promise<void> {
    setBusy(true)
    try {
      await signOut()
    } catch (error) {
      toast({ tone: 'danger', text: 'You are still signed in.', detail: errorText(error) })
      setBusy(false)
    }
  }
  return (
    <AuthFrame title="You are signed in already" subtitle={`As ${user.name || user.email}. The link makes another account, which runs this server.`}>
      <div className="flex flex-col gap-3">
        <Button look="primary" busy={busy} onClick={() => void leave()}>Sign out and make it</Button>
        <Link to="/today" className="text-center text-sm font-medium text-accent underline underline-offset-2">Go to your tasks</Link>
      </div>
    </AuthFrame>
  )
}
