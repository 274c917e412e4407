import { CloudOff, RefreshCw } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { cx, Tooltip } from '@/ui'
import { useConnection, useScope } from './scope'

const words = {
  connected: ['Connected', 'Every change is here the moment it is made.'],
  'catching-up': ['Catching up', 'What changed meanwhile is on its way.'],
  refused: ['Not live', 'The server ended the live connection. Above the list stands why.'],
  offline: ['Offline', 'You can go on. What you change is kept and sent when the connection is back.'],
} as const

/** Says by colour, shape and word how live the page is. A click tries again at once. */
export function ConnectionDot() {
  const { live, tasks } = useScope()
  const state = useConnection()
  const { waiting } = useSyncExternalStore(tasks.subscribe, tasks.snapshot)
  const [word, meaning] = words[state]
  const count = state !== 'connected' && state !== 'catching-up' && waiting > 0 ? ` · ${waiting} to send` : ''
  return (
    <Tooltip label={meaning}>
      <button
        type="button"
        onClick={() => {
          live.hurry()
          void tasks.send()
        }}
        className="inline-flex h-9 items-center gap-1.5 rounded-md px-2 text-xs text-ink-2 hover:bg-sunken touch:h-11"
      >
        {state === 'connected' && <span aria-hidden="true" className="size-2 rounded-full bg-ok" />}
        {state === 'catching-up' && <RefreshCw aria-hidden="true" className="size-3.5 animate-spin text-accent motion-reduce:animate-none" />}
        {(state === 'offline' || state === 'refused') && <CloudOff aria-hidden="true" className="size-3.5 text-warn" />}
        <span role="status" className={cx(state === 'connected' && 'sr-only sm:not-sr-only')}>{word}{count}</span>
      </button>
    </Tooltip>
  )
}
