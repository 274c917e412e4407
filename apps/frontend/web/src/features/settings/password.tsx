import { useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { ApiError, authClient, authError } from '@/api'
import { useUser } from '@/app/scope'
import { PasswordField } from '@/features/auth/password-field'
import { formText, useSubmit } from '@/features/auth/use-submit'
import { Button, Card, Note, Section, toast } from '@/ui'

export function Password() {
  const { email } = useUser()
  const queries = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const { busy, failure, onSubmit } = useSubmit(async (values) => {
    const others = values['others'] === 'on'
    const { error } = await authClient.changePassword({ currentPassword: values['current'] ?? '', newPassword: values['new'] ?? '', revokeOtherSessions: others })
    if (error) throw authError(error)
    form.current?.reset()
    void queries.invalidateQueries({ queryKey: ['sessions'] })
    toast({ text: 'Your password is changed.', ...(others ? { detail: 'You are signed out everywhere else.' } : {}) })
  })
  const code = failure instanceof ApiError ? failure.code : undefined
  const atNew = code?.startsWith('PASSWORD_TOO_') ?? false
  const atCurrent = code === 'INVALID_PASSWORD'
  return (
    <Section title="Password">
      <Card>
        <form ref={form} onSubmit={onSubmit} className="flex flex-col gap-4">
          {/* For password managers: which account it is. */}
          <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
          <PasswordField label="Current password" name="current" autoComplete="current-password" required error={atCurrent && formText(failure)} />
          <PasswordField label="New password" name="new" autoComplete="new-password" required minLength={8} maxLength={128} hint="8 to 128 characters." error={atNew && formText(failure)} />
          <label className="flex min-h-6 items-center gap-2.5 text-sm text-ink-2 touch:min-h-11">
            <input type="checkbox" name="others" defaultChecked className="size-4 accent-accent" />
            Sign out everywhere else
          </label>
          {failure !== undefined && !atNew && !atCurrent && <Note tone="danger">{formText(failure)}</Note>}
          <Button type="submit" className="self-start" busy={busy}>Change password</Button>
        </form>
      </Card>
    </Section>
  )
}
