import { Pencil, Trash2 } from 'lucide-react'
import { memo } from 'react'
import type { Day } from '@/time'
import type { Row } from '@/store'
import { cx, IconButton } from '@/ui'
import type { Due } from './due'
import { NotSent } from './not-sent'
import { RowTrouble } from './row-trouble'
import { TaskCheckbox } from './checkbox'
import { TaskMeta } from './task-meta'
import { TitleEdit } from './title-edit'

export type RowHandlers = {
  open(key: string): void
  edit(key: string | undefined): void
  toggle(row: Row): void
  remove(row: Row): void
}

type Props = { row: Row; due: Due | undefined; overdue: boolean; today: Day; withDay: boolean; open: boolean; editing: boolean; on: RowHandlers }

/** One task in a list. Drawn anew only when something of it changed. */
export const TaskRow = memo(function TaskRow({ row, due, overdue, today, withDay, open, editing, on }: Props) {
  const { key, task, state } = row
  return (
    <div
      data-key={key}
      className={cx('group/row relative border-b border-line px-1 sm:rounded-md sm:border-transparent sm:px-2', open ? 'bg-accent-soft' : 'hover:bg-sunken/70')}
    >
      <div className="relative flex min-h-14 items-start gap-3 py-2.5 sm:min-h-11 sm:items-center sm:py-1">
        <TaskCheckbox title={task.title} completed={task.completed} priority={task.priority} onToggle={() => on.toggle(row)} />
        {editing ? (
          <TitleEdit row={row} done={() => on.edit(undefined)} />
        ) : (
          <div className="flex min-w-0 flex-1 flex-col gap-x-3 gap-y-0.5 sm:flex-row sm:items-center">
            <button
              type="button"
              data-title
              aria-current={open || undefined}
              onClick={() => on.open(key)}
              onDoubleClick={() => on.edit(key)}
              className={cx('user-text line-clamp-2 min-w-0 flex-1 text-start text-base outline-none before:absolute before:inset-y-0 before:-inset-x-1 before:rounded-md sm:before:-inset-x-2 focus-visible:before:outline-2 focus-visible:before:-outline-offset-2 focus-visible:before:outline-accent sm:line-clamp-1', task.completed && 'text-ink-3 line-through decoration-ink-3/60')}
            >
              {task.title}
            </button>
            <div className="flex max-w-full shrink-0 flex-wrap items-center gap-x-3 gap-y-0.5 text-xs text-ink-3 sm:max-w-[55%] sm:flex-nowrap sm:overflow-hidden sm:group-focus-within/row:pr-20 sm:group-hover/row:pr-20 touch:sm:!pr-0">
              <TaskMeta task={task} due={due} overdue={overdue} today={today} withDay={withDay} />
              {state === 'sending' && <NotSent />}
            </div>
          </div>
        )}
        {!editing && (
          <div className="absolute inset-y-0 right-1.5 z-1 hidden items-center opacity-0 group-focus-within/row:opacity-100 group-hover/row:opacity-100 sm:flex touch:!hidden">
            <IconButton label="Edit title" keys="e" size="sm" onClick={() => on.edit(key)}><Pencil className="size-4" /></IconButton>
            <IconButton label="Delete" keys="Delete" size="sm" onClick={() => on.remove(row)}><Trash2 className="size-4" /></IconButton>
          </div>
        )}
      </div>
      {(state === 'failed' || state === 'conflict') && <RowTrouble row={row} onOpen={() => on.open(key)} className="relative z-1 mb-2 sm:ml-8" />}
    </div>
  )
})
