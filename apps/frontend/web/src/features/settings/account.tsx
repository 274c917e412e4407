import { useState } from 'react'
import { authClient, authError, checkSession } from '@/api'
import { useUser } from '@/app/scope'
import { formText, useSubmit } from '@/features/auth/use-submit'
import { Badge, Button, Card, Note, Section, TextField, toast } from '@/ui'

/** Who the person is here. */
export function Account() {
  const user = useUser()
  const [name, setName] = useState(user.name)
  const { busy, failure, onSubmit } = useSubmit(async (values) => {
    const { error } = await authClient.updateUser({ name: (values['name'] ?? '').trim() })
    if (error) throw authError(error)
    await checkSession()
    toast({ text: 'Your name is changed.' })
  })
  return (
    <Section title="Account">
      <Card>
        <form onSubmit={onSubmit} className="flex flex-col gap-4">
          <TextField label="Name" name="name" autoComplete="name" required maxLength={255} value={name} onChange={(e) => setName(e.target.value)} />
          <TextField label="E-mail" type="email" value={user.email} readOnly hint="It can’t be changed here." />
          {user.scope.length > 0 && <div className="flex flex-wrap items-center gap-1.5 text-sm text-ink-2">Your roles: {user.scope.map((scope) => <Badge key={scope} tone="accent">{scope}</Badge>)}</div>}
          {failure !== undefined && <Note tone="danger">{formText(failure)}</Note>}
          <Button type="submit" className="self-start" busy={busy} disabled={name.trim() === user.name || name.trim() === ''}>Save name</Button>
        </form>
      </Card>
    </Section>
  )
}
