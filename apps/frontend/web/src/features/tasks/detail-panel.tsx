import { Link } from '@tanstack/react-router'
import { History, Trash2 } from 'lucide-react'
import { useScope } from '@/app/scope'
import { useZone } from '@/app/preferences'
import type { Category, Priority } from '@/api'
import type { Edits, Row } from '@/store'
import { agoText, now, useToday } from '@/time'
import { Button, cx, Segmented, SelectField } from '@/ui'
import { useActions } from './actions'
import { TaskCheckbox } from './checkbox'
import { ConflictBox } from './conflict-box'
import { DueFields } from './due-fields'
import { ReminderField } from './reminder-field'
import { RepeatField } from './repeat-field'
import { TagsField } from './tags-field'
import { CATEGORY_LABELS } from './task-meta'
import { DescriptionField, TitleField } from './text-fields'

const PRIORITIES = [
  { value: 'high', label: 'High' },
  { value: 'medium', label: 'Medium' },
  { value: 'low', label: 'Low' },
] as const

const CATEGORIES = Object.entries(CATEGORY_LABELS).map(([value, label]) => ({ value, label }))

/** Everything of one task, each field saved when it is left. Give it the row's key as key. */
export function DetailPanel({ row, onClose }: { row: Row; onClose(): void }) {
  const { tasks } = useScope()
  const { toggle, remove } = useActions()
  const zone = useZone()
  const today = useToday(zone)
  const { task } = row
  const save = (edits: Edits) => tasks.update(row.key, edits, task)
  const saved = task.version > 0
  return (
    <div className="flex flex-col gap-5 p-5">
      <ConflictBox row={row} zone={zone} today={today} />
      <div className="flex items-start gap-1">
        <div className="pt-1.5"><TaskCheckbox title={task.title} completed={task.completed} priority={task.priority} onToggle={() => toggle(row)} /></div>
        <div className="min-w-0 flex-1"><TitleField row={row} /></div>
      </div>
      <DescriptionField row={row} />
      <DueFields task={task} zone={zone} today={today} save={save} />
      <RepeatField row={row} zone={zone} today={today} save={save} />
      <ReminderField row={row} zone={zone} today={today} save={save} />
      <div className="flex flex-col gap-1.5">
        <span className="text-sm font-medium text-ink-2" aria-hidden="true">Priority</span>
        <Segmented<Priority> label="Priority" value={task.priority} options={PRIORITIES} onChange={(priority) => save({ priority })} />
      </div>
      <SelectField label="Category" value={task.category} options={CATEGORIES} onChange={(event) => save({ category: event.target.value as Category })} />
      <TagsField row={row} save={save} />
      <footer className="flex flex-wrap items-center gap-2 border-t border-line pt-4">
        <p className="num min-w-0 flex-1 basis-40 text-xs text-ink-3">
          {saved ? `Added ${agoText(Date.parse(task.createdAt), zone, now())}` : 'Not on the server yet'}
          {saved && task.version > 1 && <><br />Changed {agoText(Date.parse(task.updatedAt), zone, now())}</>}
        </p>
        {saved && (
          <Link to="/tasks/$taskId/history" params={{ taskId: task.id }} className={cx('inline-flex h-9 items-center gap-2 rounded-md px-3 text-sm font-medium text-ink-2 hover:bg-sunken hover:text-ink touch:h-11')}>
            <History aria-hidden="true" className="size-4" />History
          </Link>
        )}
        <Button
          look="quiet"
          className="!text-danger"
          onClick={() => {
            onClose()
            remove(row)
          }}
        >
          <Trash2 aria-hidden="true" className="size-4" />Delete
        </Button>
      </footer>
    </div>
  )
}
