import { useState } from 'react'
import type { Task } from '@/api'
import type { Edits, Row } from '@/store'
import { wireTime } from '@/store/fields'
import { dayOf, dayText, instantOf, localOf, now, timeText, type Day } from '@/time'
import { SelectField, TextField } from '@/ui'
import { dueOf, type Due } from './due'
import { useFieldEdit } from './field-edit'
import { ForeignNote } from './foreign-note'
import { reminderTime } from './new-task'

type Props = { row: Row; zone: string; today: Day; save(edits: Edits): void }

type Option = { value: string; label: string; at?: number | undefined }

/** When to be reminded: in relation to the due date, or at a time of its own. */
export function ReminderField({ row, zone, today, save }: Props) {
  const { task } = row
  const edit = useFieldEdit(row, 'reminderAt')
  const [own, setOwn] = useState(edit.dirty)
  const at = task.reminderAt ? Date.parse(task.reminderAt) : undefined
  const options = optionsFor(dueOf(task, zone), zone)
  const chosen = options.find((o) => o.at !== undefined && o.at === at)
  const value = own ? 'own' : at === undefined ? 'none' : (chosen?.value ?? 'set')
  const set = (ms: number | undefined) => {
    save({ reminderAt: ms === undefined ? null : wireTime(ms) })
  }
  const text = (ms: number) => `${dayText(dayOf(ms, zone), today)}, ${timeText(ms, zone)}`
  return (
    <div className="flex flex-col gap-2">
      <SelectField
        label="Reminder"
        value={value}
        options={[
          { value: 'none', label: 'None' },
          ...(value === 'set' && at !== undefined ? [{ value: 'set', label: text(at) }] : []),
          ...options,
          { value: 'own', label: 'At a time of its own…' },
        ]}
        onChange={(event) => {
          setOwn(event.target.value === 'own')
          if (event.target.value !== 'own') edit.reset()
          if (event.target.value === 'none') set(undefined)
          const option = options.find((o) => o.value === event.target.value)
          if (option) set(option.at)
        }}
        hint={hintFor(task, at)}
      />
      {own && <OwnTime value={edit.value ? localValue(Date.parse(edit.value), zone) : ''} onChange={(typed) => edit.set(wireTime(fromLocal(typed, zone)))} onBlur={edit.commit} />}
      {edit.foreign && <ForeignNote what="The reminder" theirs={edit.foreign.value ? text(Date.parse(edit.foreign.value)) : 'none'} onTheirs={edit.reset} onMine={edit.insist} />}
    </div>
  )
}

/** What is typed stays in the field until it is a whole time; a year comes digit by digit. */
function OwnTime({ value, onChange, onBlur }: { value: string; onChange(value: string): void; onBlur(): void }) {
  const [text, setText] = useState<string>()
  return (
    <TextField
      label="Remind me at"
      type="datetime-local"
      max="9999-12-31T23:59"
      value={text ?? value}
      onChange={({ target }) => {
        setText(target.value)
        if (target.value >= '1900') onChange(target.value)
      }}
      onBlur={() => {
        setText(undefined)
        onBlur()
      }}
    />
  )
}

function hintFor(task: Task, at: number | undefined): string | undefined {
  if (at === undefined) return undefined
  if (task.reminderSent) return 'You were reminded.'
  return at < now() ? 'This time has passed: you are reminded at once.' : undefined
}

function optionsFor(due: Due | undefined, zone: string): Option[] {
  if (!due) return []
  const before = (minutes: number) => reminderTime({ before: minutes }, due, zone)
  if (!due.time) {
    return [
      { value: 'day', label: `On the day, at ${timeText(before(0) ?? 0, zone)}`, at: before(0) },
      { value: 'evening', label: 'The evening before', at: before(15 * 60) },
      { value: 'week', label: 'A week before', at: before(7 * 1440) },
    ]
  }
  return [
    { value: '0', label: 'When it is due', at: before(0) },
    { value: '10', label: '10 minutes before', at: before(10) },
    { value: '30', label: '30 minutes before', at: before(30) },
    { value: '60', label: '1 hour before', at: before(60) },
    { value: '1440', label: '1 day before', at: before(1440) },
  ]
}

function localValue(ms: number, zone: string): string {
  const { year, month, day, hour, minute } = localOf(ms, zone)
  const p = (n: number, width = 2) => String(n).padStart(width, '0')
  return `${p(year, 4)}-${p(month)}-${p(day)}T${p(hour)}:${p(minute)}`
}

function fromLocal(value: string, zone: string): number {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0] = value.split(/[-T:]/).map(Number)
  return instantOf({ year, month, day, hour, minute }, zone)
}
