import { useNavigate, useRouterState } from '@tanstack/react-router'
import { useSyncExternalStore } from 'react'
import type { Refusal } from '@/live'
import type { Row } from '@/store'
import { Button, Note } from '@/ui'
import { useScope } from './scope'

const LISTS = new Set(['/today', '/upcoming', '/tasks', '/completed'])

/** What a person should know or decide, above every screen. Lists say themselves what is wrong with their rows. */
export function Notices() {
  const { tasks, live } = useScope()
  const refusal = useSyncExternalStore(live.onConnection, live.refusal)
  const { storage, rows, stuck } = useSyncExternalStore(tasks.subscribe, tasks.snapshot)
  const onList = useRouterState({ select: (s) => LISTS.has(s.location.pathname) })
  const first = stuck > 0 && !onList ? rows.find(isStuck) : undefined
  if (storage === 'ok' && !first && !refusal) return null
  return (
    <section aria-label="What you should know" className="flex flex-col gap-2 px-4 pt-3 desk:pt-0 desk:pb-2">
      {storage !== 'ok' && (
        <Note tone="warn">
          {storage === 'full'
            ? 'This browser has no room left for this page. What you change now is sent, but not kept here: stay online until it is.'
            : 'This browser keeps nothing for this page (a private window, or storage is forbidden). What you change is sent, but a reload without a network would lose it.'}
        </Note>
      )}
      {refusal && <RefusedNote refusal={refusal} retry={live.hurry} />}
      {first && <StuckNote row={first} />}
    </section>
  )
}

const REFUSED: Record<Refusal, string> = {
  'sign-in': 'Changes from elsewhere do not arrive: the server does not take your sign-in. Sign out, then sign in again.',
  'other-user': 'Changes from elsewhere do not arrive: somebody else is signed in in this browser now. Reload the page.',
  'too-many': 'Changes from elsewhere do not arrive: you have this page open too many times. Close some of them, here or on other devices, then try again.',
  'other-version': 'Changes from elsewhere do not arrive: the server has another version than this page. Reload the page; nothing you entered is lost.',
}

function RefusedNote({ refusal, retry }: { refusal: Refusal; retry(): void }) {
  const reload = refusal === 'other-user' || refusal === 'other-version'
  return (
    <Note tone="warn" action={reload ? <Button size="sm" onClick={() => location.reload()}>Reload</Button> : <Button size="sm" onClick={retry}>Try again</Button>}>
      {REFUSED[refusal]}
    </Note>
  )
}

export function isStuck(row: Row): boolean {
  return row.state === 'failed' || row.state === 'conflict'
}

/** A change that waits for the person, of a task that is not in sight. */
export function StuckNote({ row }: { row: Row }) {
  const navigate = useNavigate()
  return (
    <Note tone="warn" action={<Button size="sm" onClick={() => void navigate({ to: '/tasks', search: { task: row.key } })}>Look at it</Button>}>
      One of your changes needs you: <q className="user-text">{row.task.title}</q>
    </Note>
  )
}
