import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { MonitorSmartphone } from 'lucide-react'
import { authClient, authError, errorText } from '@/api'
import { useZone } from '@/app/preferences'
import { useUser } from '@/app/scope'
import { agoText, momentText, useNow } from '@/time'
import { Badge, Button, ErrorNote, Note, Section, Skeleton, toast } from '@/ui'
import { deviceText } from './user-agent'

type Entry = { token: string; current: boolean; device: string; address: string | null; since: number; used: number }

/** Where the account is signed in, with this browser first. */
async function readSessions(): Promise<Entry[]> {
  const [list, own] = await Promise.all([authClient.listSessions(), authClient.getSession()])
  const error = list.error ?? own.error
  if (error) throw authError(error)
  return (list.data ?? [])
    .map((s) => ({ token: s.token, current: s.token === own.data?.session.token, device: deviceText(s.userAgent), address: s.ipAddress || null, since: +new Date(s.createdAt), used: +new Date(s.updatedAt) }))
    .sort((a, b) => Number(b.current) - Number(a.current) || b.used - a.used)
}

export function Sessions() {
  const user = useUser().id
  const queries = useQueryClient()
  const key = ['sessions', user]
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: readSessions })
  const end = useMutation({
    mutationFn: async (tokens: string[]) => {
      for (const token of tokens) {
        const { error: refused } = await authClient.revokeSession({ token })
        if (refused) throw authError(refused)
      }
      return tokens.length
    },
    onSuccess: (count) => toast({ text: count === 1 ? 'Signed out there.' : `Signed out in ${count} places.`, detail: 'A page that is open there stops within a quarter of an hour.' }),
    onSettled: () => void queries.invalidateQueries({ queryKey: key }),
  })
  const others = data?.filter((s) => !s.current) ?? []
  return (
    <Section title="Where you are signed in" hint="If there is a device that you don’t know, sign it out and change your password.">
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      {!data && !error && <Skeleton lines={2} />}
      {data && (
        <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface">
          {data.map((session) => <SessionRow key={session.token} session={session} busy={end.isPending && end.variables.includes(session.token)} onEnd={() => end.mutate([session.token])} />)}
        </ul>
      )}
      {end.error && <Note tone="danger" className="mt-3">{errorText(end.error)}</Note>}
      {others.length > 1 && <Button className="mt-3" busy={end.isPending} onClick={() => end.mutate(others.map((s) => s.token))}>Sign out everywhere else</Button>}
    </Section>
  )
}

function SessionRow({ session, busy, onEnd }: { session: Entry; busy: boolean; onEnd(): void }) {
  const zone = useZone()
  const time = useNow()
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3">
      <MonitorSmartphone aria-hidden="true" className="size-5 shrink-0 text-ink-3" />
      <div className="min-w-0 flex-1 basis-48">
        <div className="flex flex-wrap items-center gap-2 text-sm font-medium">{session.device}{session.current && <Badge tone="ok">this browser</Badge>}</div>
        <div className="num text-xs text-ink-3 [overflow-wrap:anywhere]">
          {session.address && `${session.address} · `}<time dateTime={new Date(session.since).toISOString()} title={momentText(session.since, zone)}>signed in {agoText(session.since, zone, time)}</time>
        </div>
      </div>
      {!session.current && <Button size="sm" busy={busy} onClick={onEnd} aria-label={`Sign out: ${session.device}`}>Sign out</Button>}
    </li>
  )
}
