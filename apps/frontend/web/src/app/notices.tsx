import { useSyncExternalStore } from 'react'
import { Note } from '@/ui'
import { useScope } from './scope'

/** What a person should know about this browser, above every screen. */
export function Notices() {
  const { tasks } = useScope()
  const { storage } = useSyncExternalStore(tasks.subscribe, tasks.snapshot)
  if (storage === 'ok') return null
  return (
    <div className="px-4 pt-3">
      <Note tone="warn">
        {storage === 'full'
          ? 'This browser has no room left for this page. What you change now is sent, but not kept here: stay online until it is.'
          : 'This browser keeps nothing for this page (a private window, or storage is forbidden). What you change is sent, but a reload without a network would lose it.'}
      </Note>
    </div>
  )
}
