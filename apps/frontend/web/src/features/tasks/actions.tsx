import { CircleCheckBig, Trash2 } from 'lucide-react'
import { createContext, use, useCallback, useMemo, useRef, useState, type ReactNode } from 'react'
import { useScope } from '@/app/scope'
import type { Row } from '@/store'
import { toast } from '@/ui'

/** How long a deletion can be undone; longer while its message is pointed at. */
const UNDO_MS = 5000
/** How long a completed task stays where it was, crossed out. */
const LINGER_MS = 900

type Actions = {
  toggle(row: Row): void
  remove(row: Row): void
  /** Rows that were completed a moment ago. */
  lingering: ReadonlySet<string>
}

const ActionsContext = createContext<Actions | undefined>(undefined)

/** What is done to a task from anywhere in a list, with its undo. */
export function ActionsProvider({ children }: { children: ReactNode }) {
  const { tasks } = useScope()
  const [lingering, setLingering] = useState<ReadonlySet<string>>(new Set())
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>())

  const leave = useCallback((key: string) => {
    clearTimeout(timers.current.get(key))
    setLingering((before) => new Set([...before].filter((other) => other !== key)))
  }, [])
  const linger = useCallback(
    (key: string) => {
      clearTimeout(timers.current.get(key))
      timers.current.set(key, setTimeout(() => leave(key), LINGER_MS))
      setLingering((before) => new Set(before).add(key))
    },
    [leave],
  )

  const toggle = useCallback(
    ({ key, task }: Row) => {
      const to = !task.completed
      tasks.complete(key, to)
      if (!to) return leave(key)
      linger(key)
      const undo = () => {
        leave(key)
        tasks.complete(key, false)
      }
      toast({ id: `done:${key}`, icon: <CircleCheckBig />, text: 'Completed', detail: task.title, action: { label: 'Undo', run: undo } })
    },
    [linger, leave, tasks],
  )

  const remove = useCallback(
    ({ key, task }: Row) => {
      const deletion = tasks.remove(key)
      if (!deletion) return
      const { undo, send } = deletion
      toast({ id: `gone:${key}`, icon: <Trash2 />, text: 'Deleted', detail: task.title, forMs: UNDO_MS, onClose: send, action: { label: 'Undo', run: undo } })
    },
    [tasks],
  )

  const value = useMemo(() => ({ toggle, remove, lingering }), [toggle, remove, lingering])
  return <ActionsContext value={value}>{children}</ActionsContext>
}

export function useActions(): Actions {
  const actions = use(ActionsContext)
  if (!actions) throw new Error('useActions belongs below ActionsProvider.')
  return actions
}
