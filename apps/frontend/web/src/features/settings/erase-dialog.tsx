import { useState } from 'react'
import { ApiError, api, authClient, authError, forgetSession, ok, signOut } from '@/api'
import { useUser } from '@/app/scope'
import { PasswordField } from '@/features/auth/password-field'
import { formText, useSubmit } from '@/features/auth/use-submit'
import { Button, Dialog, Note } from '@/ui'

/**
 * Asks for the password, then erases the account and everything of the user. Where the accounts are another
 * server's and that deletes none, the data can be erased without the account.
 */
export function EraseDialog({ onClose }: { onClose(): void }) {
  const user = useUser()
  const [elsewhere, setElsewhere] = useState(false)
  const account = useSubmit(async (values) => {
    const { error } = await authClient.deleteUser({ password: values['password'] ?? '' })
    if (error?.status === 404) return setElsewhere(true)
    if (error) throw authError(error)
    forgetSession()
  })
  const data = useSubmit(async () => {
    await ok(api.DELETE('/api/{user_id}', { params: { path: { user_id: user.id } } }))
    await signOut().catch(() => forgetSession())
  })
  const { busy, failure, onSubmit } = elsewhere ? data : account
  const atPassword = failure instanceof ApiError && failure.code === 'INVALID_PASSWORD'
  return (
    <Dialog
      open onOpenChange={(open) => !open && !busy && onClose()}
      title={elsewhere ? 'Delete your data?' : 'Delete account and data?'}
      description={elsewhere
        ? 'Your account is on another server and can’t be deleted from here. All of your data in Tasktide can be: tasks, history, notifications, events.'
        : 'Everything of yours is removed at once, and nobody can bring it back. Export it first if you may want it later.'}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="erase" look="danger" busy={busy}>{elsewhere ? 'Delete my data' : 'Delete everything'}</Button>
        </>
      }
    >
      <form id="erase" onSubmit={onSubmit} className="flex flex-col gap-4">
        <input type="text" name="username" autoComplete="username" value={user.email} readOnly hidden />
        {!elsewhere && <PasswordField label="Your password" name="password" autoComplete="current-password" autoFocus required error={atPassword && formText(failure)} />}
        {failure !== undefined && !atPassword && <Note tone="danger">{formText(failure)}</Note>}
      </form>
    </Dialog>
  )
}
