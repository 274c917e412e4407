import { AlarmClock, CalendarDays, Repeat2 } from 'lucide-react'
import type { Task } from '@/api'
import { cx } from '@/ui'
import type { Day } from '@/time'
import { dueText, type Due } from './due'
import { ruleText } from './rules'

export const CATEGORY_LABELS = { work: 'Work', personal: 'Personal', home: 'Home', other: 'Other' } as const

/** What a row says beside the title: when, how often, what kind. */
export function TaskMeta({ task, due, overdue, today, withDay }: { task: Task; due: Due | undefined; overdue: boolean; today: Day; withDay: boolean }) {
  const when = due && (withDay || due.time) ? dueText(due, today) : undefined
  const text = when && !withDay && due?.time ? when.split(', ').at(-1) : when
  return (
    <>
      {text && (
        <span className={cx('num inline-flex shrink-0 items-center gap-1 whitespace-nowrap', overdue ? 'font-medium text-danger' : due?.day === today ? 'text-accent' : '')}>
          <CalendarDays aria-hidden="true" className="size-3.5" />
          {overdue && <span className="sr-only">Overdue: </span>}
          {text}
        </span>
      )}
      {task.recurringRule && (
        <span className="inline-flex min-w-0 items-center gap-1">
          <Repeat2 aria-hidden="true" className="size-3.5 shrink-0" />
          <span className="truncate">{ruleText(task.recurringRule, task.dueDate ? { ms: Date.parse(task.dueDate), zone: task.timeZone } : undefined)}</span>
        </span>
      )}
      {task.reminderAt && !task.reminderSent && !task.completed && (
        <span className="inline-flex items-center">
          <AlarmClock aria-hidden="true" className="size-3.5" />
          <span className="sr-only">Has a reminder</span>
        </span>
      )}
      {task.category !== 'other' && <span>{CATEGORY_LABELS[task.category]}</span>}
      {task.tags.map((tag) => <span key={tag} className="user-text max-w-40 truncate">#{tag}</span>)}
    </>
  )
}
