import { getRouteApi, Link } from '@tanstack/react-router'
import { checkSession, useSession } from '@/api'
import { ErrorNote, Skeleton } from '@/ui'
import { AuthFrame } from './frame'
import { GoOn } from './go-on'
import { SignInForm } from './sign-in-form'

const route = getRouteApi('/sign-in')

export function SignInScreen() {
  const { to } = route.useSearch()
  const session = useSession()
  if (session.status === 'signed-in') return <GoOn to={to} />
  return (
    <AuthFrame title="Sign in" subtitle="Your list, on every device.">
      {session.status === 'loading' ? <Skeleton lines={3} /> : (
        <>
          {session.status === 'unreachable' && <div className="mb-4"><ErrorNote error={session.error} retry={() => void checkSession()} /></div>}
          <SignInForm />
          <details className="mt-4 text-sm text-ink-2">
            <summary className="rounded-sm text-accent underline-offset-2 hover:underline">Forgot your password?</summary>
            <p className="mt-2">Whoever runs this server can give you a new one: <code className="rounded-sm bg-sunken px-1 font-mono text-xs">tasktide users reset-password</code> with your e-mail address.</p>
          </details>
          <p className="mt-5 border-t border-line pt-4 text-center text-sm text-ink-2">
            No account yet? <Link to="/sign-up" search={to ? { to } : {}} className="font-medium text-accent underline underline-offset-2">Sign up</Link>
          </p>
        </>
      )}
    </AuthFrame>
  )
}
