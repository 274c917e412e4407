import type { Task } from '@/api'
import type { Edits } from '@/store'
import { wireTime } from '@/store/fields'
import { addDays, weekdayOf, type Day } from '@/time'
import { Button, TextField } from '@/ui'
import { DateField } from './date-field'
import { dueDate, dueInstant, dueOf, type Due } from './due'

type Props = { task: Task; zone: string; today: Day; save(edits: Edits): void }

/** The day, and if wanted the time, that a task is due. */
export function DueFields({ task, zone, today, save }: Props) {
  const due = dueOf(task, zone)
  const set = (next: Due | undefined) => save(dueEdits(task, next, zone))
  const nextMonday = addDays(today, ((8 - weekdayOf(today)) % 7) || 7)
  return (
    <div className="flex flex-col gap-2">
      <div className="grid grid-cols-[1fr_8rem] gap-3">
        <DateField label="Due" value={due?.day ?? ''} onChange={(day) => set(day ? { ...due, day } : undefined)} />
        <TextField
          label="Time"
          type="time"
          disabled={!due}
          value={due?.time ? `${two(due.time.hour)}:${two(due.time.minute)}` : ''}
          onChange={(event) => due && set(timeValue(event.target.value, due))}
        />
      </div>
      <div className="flex flex-wrap gap-1.5">
        <Button size="sm" onClick={() => set({ ...due, day: today })}>Today</Button>
        <Button size="sm" onClick={() => set({ ...due, day: addDays(today, 1) })}>Tomorrow</Button>
        <Button size="sm" onClick={() => set({ ...due, day: nextMonday })}>Next Monday</Button>
        {due && <Button size="sm" look="quiet" onClick={() => set(undefined)}>No date</Button>}
      </div>
    </div>
  )
}

function timeValue(value: string, { day }: Due): Due {
  const [hour, minute] = value.split(':').map(Number)
  return value && hour !== undefined && minute !== undefined ? { day, time: { hour, minute } } : { day }
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}

/** A reminder keeps its distance to what it reminds of. A due date that was chosen here is one of this zone. */
export function dueEdits(task: Task, due: Due | undefined, zone: string): Edits {
  if (!due) return { dueDate: null, ...(task.reminderAt && task.dueDate ? { reminderAt: null } : {}) }
  const edits: Edits = { dueDate: dueDate(due, zone), timeZone: zone }
  if (task.reminderAt && task.dueDate && !task.reminderSent) {
    edits.reminderAt = wireTime(dueInstant(due, zone) - (Date.parse(task.dueDate) - Date.parse(task.reminderAt)))
  }
  return edits
}
