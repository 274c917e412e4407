import { Plus } from 'lucide-react'
import { useEffect, useId, useMemo, useRef, useState, type Ref } from 'react'
import { focusContent } from '@/app/focus'
import { useScope } from '@/app/scope'
import { useZone } from '@/app/preferences'
import { useToday } from '@/time'
import { Button, cx } from '@/ui'
import { Chips } from './chips'
import { draftKey, useDraft } from './drafts'
import { enter, enteredLines, take, type Entered } from './entered'
import { newTask, type Defaults } from './new-task'
import { titleError } from './title'
import type { Understood } from './understand'
import { contextOf, loadUnderstanding, useUnderstood } from './use-understood'

type Props = { defaults: Defaults; onAdded?(key: string): void; autoFocus?: boolean; ref?: Ref<HTMLInputElement> }

const NOTHING: ReadonlySet<string> = new Set()

/** Adds a task by one line of text; what was understood is shown, and can be taken back piece by piece. */
export function AddLine({ defaults, onAdded, autoFocus, ref }: Props) {
  const { tasks, user } = useScope()
  const zone = useZone()
  const today = useToday(zone)
  const [line, setLine] = useDraft('add')
  const [refused, setRefused] = useState(NOTHING)
  const [ownDefaults, setOwnDefaults] = useState(true)
  const [error, setError] = useState<string>()
  const understood = useUnderstood(line, zone, refused)
  const errorId = useId()
  const field = useRef<HTMLInputElement>(null)
  const waiting = draftKey(user.id, 'entered')
  const inForce = useMemo(() => (ownDefaults ? defaults : { category: defaults.category }), [ownDefaults, defaults])

  function add(): void {
    if (!line.trim()) return
    if (understood) {
      if (create(understood)) setLine('')
      return
    }
    // The next line may be typed while the part that understands this one is loaded.
    const entered = enter(waiting, line)
    setLine('')
    void takeEntered(entered)
  }

  async function takeEntered({ id, line: text }: Entered): Promise<void> {
    const meant = await understand(text, zone)
    if (take(waiting, id) && !create(meant, id)) setLine((typed) => [text, typed].filter(Boolean).join(' '))
  }

  /** Whether it can be a task. */
  function create(meant: Understood, id?: string): boolean {
    const wrong = meant.title ? titleError(meant.title) : 'Say what there is to do: so far there is only when, and how.'
    setError(wrong)
    if (wrong) return false
    const key = tasks.create(newTask(meant, zone, inForce), id)
    setRefused(NOTHING)
    setOwnDefaults(true)
    onAdded?.(key)
    return true
  }

  // Lines that were entered just before a reload.
  const latest = useRef(takeEntered)
  useEffect(() => {
    latest.current = takeEntered
  })
  useEffect(() => {
    for (const entered of enteredLines(waiting)) void latest.current(entered)
  }, [waiting])

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        add()
      }}
      className={cx('rounded-lg border bg-surface shadow-raised transition-colors duration-100 focus-within:border-accent', error ? 'border-danger' : 'border-line')}
    >
      <div className="flex items-center gap-1 pr-1.5 pl-3">
        <Plus aria-hidden="true" className="size-4.5 shrink-0 text-ink-3" />
        <input
          ref={(element) => {
            field.current = element
            if (typeof ref === 'function') ref(element)
            else if (ref) ref.current = element
          }}
          dir="auto"
          autoFocus={autoFocus}
          aria-label="Add a task"
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? errorId : undefined}
          placeholder="Add a task: pay rent every month on the 1st at 9 !high #home"
          autoComplete="off"
          enterKeyHint="done"
          value={line}
          onFocus={() => void loadUnderstanding().catch(() => undefined)}
          onChange={(event) => {
            setLine(event.target.value)
            setError(undefined)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') focusContent()
          }}
          className="h-11 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-ellipsis"
        />
        {line && <Button type="submit" look="primary" size="sm">Add</Button>}
      </div>
      {error && <p id={errorId} role="alert" className="px-3 pb-2 text-sm text-danger">{error}</p>}
      {understood && line && (
        <Chips
          understood={understood}
          defaults={inForce}
          today={today}
          zone={zone}
          onRefuse={(piece) => setRefused(new Set([...refused, piece]))}
          onRefuseDefault={() => setOwnDefaults(false)}
          otherwise={() => field.current}
        />
      )}
    </form>
  )
}

/** Enter before the part that understands was loaded; without a network the line is the title. */
async function understand(line: string, zone: string): Promise<Understood> {
  try {
    const module = await loadUnderstanding()
    return module.understand(line, contextOf(zone, NOTHING))
  } catch {
    return { title: line.trim(), pieces: [], tags: [] }
  }
}
