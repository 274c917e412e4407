import { lazy, Suspense } from 'react'
import { Navigate, useRouterState } from '@tanstack/react-router'
import { checkSession, useSession } from '@/api'
import { UserScope } from '@/app/scope'
import { Shell } from '@/app/shell'
import { Wordmark } from '@/app/wordmark'
import { ErrorNote } from '@/ui'

const SignInAgain = lazy(() => import('@/features/auth/sign-in-again').then((m) => ({ default: m.SignInAgain })))

/** Lets a signed-in user through to the screens. */
export function AppRoute() {
  const session = useSession()
  const here = useRouterState({ select: (s) => s.location.href })
  switch (session.status) {
    case 'loading':
      return <Splash />
    case 'signed-out':
      return <Navigate to="/sign-in" search={here === '/' ? {} : { to: here }} replace />
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

function Splash({ children }: { children?: React.ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col items-center justify-center gap-6 p-6">
      <Wordmark />
      {children}
    </main>
  )
}
