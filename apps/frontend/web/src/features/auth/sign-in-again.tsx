import { useState } from 'react'
import { forgetSession, type User } from '@/api'
import { useScope } from '@/app/scope'
import { hasDrafts } from '@/store/drafts'
import { Button, Confirm, Dialog } from '@/ui'
import { SignInForm } from './sign-in-form'

/** The session ended while the page was open. What is on the screen stays below this, as it was. */
export function SignInAgain({ user }: { user: User }) {
  const { tasks } = useScope()
  const [asking, setAsking] = useState(false)
  function leave(): void {
    const { waiting, stuck } = tasks.snapshot()
    if (waiting + stuck > 0 || hasDrafts(user.id)) setAsking(true)
    else forgetSession()
  }
  return (
    <Dialog
      open
      locked
      onOpenChange={() => undefined}
      title="Sign in again"
      description="Your session has ended. What you typed is still here."
      footer={<Button look="quiet" onClick={leave}>Sign in as somebody else</Button>}
    >
      <SignInForm email={user.email} />
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Sign in as somebody else and lose what was not sent?"
        description={`Some of what ${user.name || user.email} did or typed has not reached the server yet. It is removed from this browser.`}
        action="Remove and go on"
        onConfirm={forgetSession}
      />
    </Dialog>
  )
}
