import { useState } from 'react'
import type { Task } from '@/api'
import { useTasks } from './use-tasks'
import type { Edits, Row } from '@/store'
import { wireTime } from '@/store/fields'
import { dayText, startOfDay, type Day } from '@/time'
import { Button, SelectField, TextField } from '@/ui'
import { Ahead } from './ahead'
import { DateField } from './date-field'
import { useDraft } from './drafts'
import { dueDate, dueOf, endDayOf } from './due'
import { ruleText, suggestions } from './rules'
import { loadUnderstanding, useUnderstood } from './use-understood'

type Props = { row: Row; zone: string; today: Day; save(edits: Edits): void }

const NOTHING: ReadonlySet<string> = new Set()

/** How a task repeats: one of the usual ways, or in words; with the dates that follow, and an end. */
export function RepeatField({ row: { key, task }, zone, today, save }: Props) {
  const [words, setWords] = useDraft(`edit:${key}:words`)
  const [inWords, setInWords] = useState(words !== '')
  const due = dueOf(task, zone)
  const rule = task.recurringRule
  const options = suggestions(due?.day ?? today)
  const known = options.some((o) => o.value === rule)
  const dueMs = task.dueDate ? Date.parse(task.dueDate) : undefined
  const end = endDayOf(task)
  const start = useSeriesStart(task)
  function close(): void {
    setInWords(false)
    setWords('')
  }
  function choose(next: string): void {
    close()
    setInWords(next === 'words')
    if (next === 'words') return void loadUnderstanding().catch(() => undefined)
    save(next === '' ? { recurringRule: null, recurringEndDate: null } : { recurringRule: next, ...(due ? {} : { dueDate: dueDate({ day: today }, zone), timeZone: zone }) })
  }
  return (
    <div className="flex flex-col gap-2">
      <SelectField
        label="Repeats"
        value={inWords ? 'words' : (rule ?? '')}
        options={[
          { value: '', label: 'Never' },
          ...(rule && !known ? [{ value: rule, label: ruleText(rule, dueMs === undefined ? undefined : { ms: dueMs, zone: task.timeZone }) }] : []),
          ...options,
          { value: 'words', label: 'In words…' },
        ]}
        onChange={(event) => choose(event.target.value)}
      />
      {inWords && <InWords words={words} setWords={setWords} zone={zone} today={today} save={save} done={close} />}
      {rule && dueMs !== undefined && !inWords && <Ahead rule={rule} start={start} due={dueMs} zone={task.timeZone} today={today} end={end} />}
      {rule && !inWords && (
        <div className="mt-1.5">
          <DateField
            label="Until"
            value={end ?? ''}
            min={due?.day}
            hint="The last day on which it may be due. Without one it goes on."
            onChange={(day) => save({ recurringEndDate: day ? wireTime(startOfDay(day, task.timeZone)) : null })}
          />
        </div>
      )}
    </div>
  )
}

function InWords({ words, setWords, zone, today, save, done }: { words: string; setWords(words: string): void; zone: string; today: Day; save(edits: Edits): void; done(): void }) {
  const line = /^\s*(every|each|daily|weekly|monthly|yearly|on the)/i.test(words) ? words : `every ${words}`
  const understood = useUnderstood(words ? line : '', zone, NOTHING)
  const due = understood?.due
  const rule = understood?.title === '' ? understood.rule : undefined
  function set(): void {
    if (!rule || !due) return
    save({ recurringRule: rule, dueDate: dueDate(due, zone), timeZone: zone, ...(understood.end ? { recurringEndDate: wireTime(startOfDay(understood.end, zone)) } : {}) })
    done()
  }
  return (
    <form
      className="flex flex-col gap-2 rounded-md bg-sunken p-3"
      onSubmit={(event) => {
        event.preventDefault()
        set()
      }}
    >
      <TextField
        label="In words"
        autoFocus
        value={words}
        placeholder="every 2nd Friday at 9"
        onChange={(event) => setWords(event.target.value)}
        error={words && understood && !rule ? 'That was not understood. Try “every 2 weeks on Monday and Friday”, “every last working day of the month”, “every 24 December”.' : undefined}
      />
      {rule && due && (
        <p className="text-sm">
          {ruleText(rule)}, first {dayText(due.day, today)} <Ahead rule={rule} due={startOfDay(due.day, zone)} zone={zone} today={today} end={understood?.end} />
        </p>
      )}
      <div className="flex gap-2">
        <Button type="submit" look="primary" size="sm" disabled={!rule}>Set</Button>
        <Button size="sm" look="quiet" onClick={done}>Cancel</Button>
      </div>
    </form>
  )
}

/** A later task of a series counts from the first one, as long as that is there to tell. */
function useSeriesStart(task: Task): number | undefined {
  const { rows } = useTasks()
  if (!task.parentTaskId) return undefined
  const first = rows.find((row) => row.task.id === task.parentTaskId)?.task
  return first?.dueDate && first.recurringRule === task.recurringRule && first.timeZone === task.timeZone ? Date.parse(first.dueDate) : undefined
}
