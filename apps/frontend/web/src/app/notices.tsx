import { useNavigate } from '@tanstack/react-router'
import { useSyncExternalStore } from 'react'
import { Button, Note } from '@/ui'
import { useScope } from './scope'

/** What a person should know or decide, above every screen. */
export function Notices() {
  const { tasks } = useScope()
  const navigate = useNavigate()
  const { storage, stuck, rows } = useSyncExternalStore(tasks.subscribe, tasks.snapshot)
  if (storage === 'ok' && stuck === 0) return null
  const first = stuck > 0 ? rows.find((row) => row.state === 'failed' || row.state === 'conflict') : undefined
  return (
    <div className="flex flex-col gap-2 px-4 pt-3 desk:pt-0 desk:pb-2">
      {storage !== 'ok' && (
        <Note tone="warn">
          {storage === 'full'
            ? 'This browser has no room left for this page. What you change now is sent, but not kept here: stay online until it is.'
            : 'This browser keeps nothing for this page (a private window, or storage is forbidden). What you change is sent, but a reload without a network would lose it.'}
        </Note>
      )}
      {first && (
        <Note tone="warn" action={<Button size="sm" onClick={() => void navigate({ to: '/tasks', search: { task: first.key } })}>Look at it</Button>}>
          {stuck === 1 ? 'One of your changes needs you' : `${stuck} of your changes need you`}: <q className="user-text">{first.task.title}</q>
        </Note>
      )}
    </div>
  )
}
