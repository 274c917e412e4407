import { Button, Dialog } from '@/ui'
import { forgetSession, type User } from '@/api'
import { SignInForm } from './sign-in-form'

/** The session ended while the page was open. What is on the screen stays below this, as it was. */
export function SignInAgain({ user }: { user: User }) {
  return (
    <Dialog
      open
      locked
      onOpenChange={() => undefined}
      title="Sign in again"
      description="Your session has ended. What you typed is still here."
      footer={<Button look="quiet" onClick={forgetSession}>Sign in as somebody else</Button>}
    >
      <SignInForm email={user.email} />
    </Dialog>
  )
}
