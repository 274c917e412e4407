import { useCallback, useEffect, useRef, useState } from 'react'
import { useScope } from '@/app/scope'
import type { Task } from '@/api'
import { same, type Edits, type Field, type Row } from '@/store'
import { draftKey, editName, readDraft, writeDraft } from '@/store/drafts'

type Kept<F extends Field> = { base: Task[F]; version: number; epoch?: string | undefined; value: Task[F] }

export type FieldEdit<F extends Field> = {
  value: Task[F]
  dirty: boolean
  /** What somebody else made of the field while it was edited here. */
  foreign: { value: Task[F] } | undefined
  set(value: Task[F]): void
  /** Saves, unless somebody else changed the field: then the person decides first. */
  commit(): void
  /** Gives the edit up, for what is there now. */
  reset(): void
  /** Saves over what somebody else wrote, having seen it. */
  insist(): void
}

/**
 * A field of a task while it is edited. What is typed is kept across a reload until it is saved; a change
 * from elsewhere to the same field is shown beside it and never overwritten unseen.
 */
export function useFieldEdit<F extends Field>(row: Row, field: F, { afterMs, clean }: { afterMs?: number; clean?: (value: Task[F]) => Task[F] | undefined } = {}): FieldEdit<F> {
  const { tasks, user } = useScope()
  const key = draftKey(user.id, editName(row.key, field))
  const [kept, setKept] = useState<Kept<F> | undefined>(() => recall<F>(key))
  const current = row.task[field]
  const foreign = kept && !same(kept.base, current) && !same(kept.value, current) ? { value: current } : undefined

  const keep = useCallback(
    (next: Kept<F> | undefined) => {
      setKept(next)
      writeDraft(key, next ? JSON.stringify(next) : '')
    },
    [key],
  )

  function save(from: Kept<F>): void {
    const value = clean ? clean(from.value) : from.value
    // What can't be saved stays as it was typed, with what is wrong with it.
    if (value === undefined) return
    // What is typed into a task that is deleted here is there again should that be undone.
    if (tasks.update(row.key, { [field]: value } as Edits, { ...row.task, [field]: from.base, version: from.version }, from.epoch)) keep(undefined)
  }
  const commit = () => {
    if (kept && !foreign) save(kept)
  }
  const latest = useRef(commit)
  useEffect(() => {
    latest.current = commit
  })
  useEffect(() => {
    if (!kept || afterMs === undefined) return
    const timer = setTimeout(() => latest.current(), afterMs)
    return () => clearTimeout(timer)
  }, [kept, afterMs])
  // A panel that closes, or shows another task, saves what it has.
  useEffect(() => () => latest.current(), [])

  return {
    value: kept ? kept.value : current,
    dirty: kept !== undefined,
    foreign,
    set: (value) => keep(kept ? { ...kept, value } : { base: current, version: row.task.version, epoch: tasks.epoch(), value }),
    commit,
    reset: () => {
      latest.current = () => undefined
      keep(undefined)
    },
    insist: () => kept && save({ ...kept, base: current, version: row.task.version, epoch: tasks.epoch() }),
  }
}

function recall<F extends Field>(key: string): Kept<F> | undefined {
  try {
    const kept = JSON.parse(readDraft(key) || 'null') as Kept<F> | null
    return kept && 'value' in kept && 'base' in kept ? kept : undefined
  } catch {
    return undefined
  }
}
