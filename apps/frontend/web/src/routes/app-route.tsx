import { useRouter } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { checkSession, useSession } from '@/api'
import { UserScope } from '@/app/scope'
import { Shell } from '@/app/shell'
import { Wordmark } from '@/app/wordmark'
import { ErrorNote } from '@/ui'

const SignInAgain = lazy(() => import('@/features/auth/sign-in-again').then((m) => ({ default: m.SignInAgain })))

/** Lets a signed-in user through to the screens. */
export function AppRoute() {
  const session = useSession()
  switch (session.status) {
    case 'loading':
      return <Splash />
    case 'signed-out':
      return <ToSignIn />
    case 'unreachable':
      return <Splash><ErrorNote error={session.error} retry={() => void checkSession()} /></Splash>
    case 'signed-in':
    case 'expired':
      return (
        <UserScope key={session.user.id} user={session.user} expired={session.status === 'expired'}>
          <Shell />
          {session.status === 'expired' && <Suspense><SignInAgain user={session.user} /></Suspense>}
        </UserScope>
      )
  }
}

/** Once: the address that it leaves changes while this is still shown. */
function ToSignIn() {
  const router = useRouter()
  useEffect(() => {
    const here = router.state.location.href
    void router.navigate({ to: '/sign-in', search: here === '/' ? {} : { to: here }, replace: true })
  }, [router])
  return null
}

function Splash({ children }: { children?: React.ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col items-center justify-center gap-6 p-6">
      <Wordmark />
      {children}
    </main>
  )
}
