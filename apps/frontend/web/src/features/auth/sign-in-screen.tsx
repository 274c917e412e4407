import { getRouteApi, Link, Navigate } from '@tanstack/react-router'
import { useSession } from '@/api'
import { AuthFrame } from './frame'
import { SignInForm } from './sign-in-form'

const route = getRouteApi('/sign-in')

export function SignInScreen() {
  const { to } = route.useSearch()
  const session = useSession()
  if (session.status === 'signed-in') return <Navigate to={to ?? '/today'} replace />
  return (
    <AuthFrame title="Sign in">
      <SignInForm />
      <p className="mt-5 text-center text-sm text-ink-2">No account yet? <Link to="/sign-up" className="font-medium text-accent underline underline-offset-2">Sign up</Link></p>
    </AuthFrame>
  )
}
