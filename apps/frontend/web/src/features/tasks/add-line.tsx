import { Plus } from 'lucide-react'
import { useId, useMemo, useState, type Ref } from 'react'
import { useScope } from '@/app/scope'
import { useZone } from '@/app/preferences'
import { useToday } from '@/time'
import { Button, cx } from '@/ui'
import { Chips } from './chips'
import { useDraft } from './drafts'
import { newTask, type Defaults } from './new-task'
import { titleError } from './title'
import type { Understood } from './understand'
import { contextOf, loadUnderstanding, useUnderstood } from './use-understood'

type Props = { defaults: Defaults; onAdded?(key: string): void; autoFocus?: boolean; ref?: Ref<HTMLInputElement> }

const NOTHING: ReadonlySet<string> = new Set()

/** Adds a task by one line of text; what was understood is shown, and can be taken back piece by piece. */
export function AddLine({ defaults, onAdded, autoFocus, ref }: Props) {
  const { tasks } = useScope()
  const zone = useZone()
  const today = useToday(zone)
  const [line, setLine] = useDraft('add')
  const [refused, setRefused] = useState(NOTHING)
  const [ownDefaults, setOwnDefaults] = useState(true)
  const [error, setError] = useState<string>()
  const understood = useUnderstood(line, zone, refused)
  const errorId = useId()
  const inForce = useMemo(() => (ownDefaults ? defaults : { category: defaults.category }), [ownDefaults, defaults])

  function add(): void {
    if (!line.trim()) return
    if (understood) return take(understood)
    // The next line may be typed while the part that understands this one is loaded.
    setLine('')
    void understand(line, zone, refused).then((meant) => take(meant, line))
  }

  function take(meant: Understood, text?: string): void {
    const wrong = meant.title ? titleError(meant.title) : 'Say what there is to do: so far there is only when, and how.'
    setError(wrong)
    if (wrong) return text === undefined ? undefined : setLine(text)
    const key = tasks.create(newTask(meant, zone, inForce))
    if (text === undefined) setLine('')
    setRefused(NOTHING)
    setOwnDefaults(true)
    onAdded?.(key)
  }

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
          ref={ref}
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
            if (event.key === 'Escape') event.currentTarget.blur()
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
        />
      )}
    </form>
  )
}

/** Enter before the part that understands was loaded; without a network the line is the title. */
async function understand(line: string, zone: string, refused: ReadonlySet<string>): Promise<Understood> {
  try {
    const module = await loadUnderstanding()
    return module.understand(line, contextOf(zone, refused))
  } catch {
    return { title: line.trim(), pieces: [], tags: [] }
  }
}
