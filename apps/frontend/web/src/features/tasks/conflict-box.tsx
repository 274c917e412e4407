import { useScope } from '@/app/scope'
import type { Task } from '@/api'
import type { Field, Op, Row } from '@/store'
import { dayText, momentText, type Day } from '@/time'
import { Button } from '@/ui'
import { dueOf, dueText, endDayOf } from './due'
import { FIELD_NAMES } from './field-names'
import { RowTrouble } from './row-trouble'
import { ruleText } from './rules'
import { CATEGORY_LABELS } from './task-meta'

/** A write that met another device's: both versions side by side, and the choice. */
export function ConflictBox({ row, zone, today }: { row: Row; zone: string; today: Day }) {
  const { tasks } = useScope()
  const op = row.ops.find((o) => o.state === 'conflict')
  if (!op) return row.state === 'failed' ? <RowTrouble row={row} onOpen={() => undefined} /> : null
  const { title, mine, theirs } = wordsFor(op)
  return (
    <section aria-label="Conflict" className="rounded-lg border border-warn bg-warn-soft p-4">
      <h3 className="font-semibold">{title}</h3>
      {op.theirs && op.clashes && op.clashes.length > 0 && (
        <table className="mt-3 w-full table-fixed text-sm">
          <thead>
            <tr className="text-left text-xs text-ink-2">
              <th scope="col" className="w-20 font-medium"><span className="sr-only">Field</span></th>
              <th scope="col" className="font-medium">Here</th>
              <th scope="col" className="font-medium">Elsewhere</th>
            </tr>
          </thead>
          <tbody>
            {op.clashes.map((field) => (
              <tr key={field} className="align-top">
                <th scope="row" className="py-1 pr-2 text-left text-xs font-medium text-ink-2">{FIELD_NAMES[field]}</th>
                <td className="user-text py-1 pr-2">{valueText(op.kind === 'remove' ? op.saw : row.task, field, zone, today)}</td>
                <td className="user-text py-1">{op.theirs && valueText(op.theirs, field, zone, today)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="mt-3 flex flex-wrap gap-2">
        <Button size="sm" look="primary" onClick={() => tasks.resolve(op.id, 'mine')}>{mine}</Button>
        <Button size="sm" onClick={() => tasks.resolve(op.id, 'theirs')}>{theirs}</Button>
      </div>
    </section>
  )
}

function wordsFor(op: Op): { title: string; mine: string; theirs: string } {
  if (op.theirs === null) return { title: 'This task was deleted on another device while you changed it.', mine: 'Add it again as it is here', theirs: 'Let it go' }
  if (op.kind === 'remove') return { title: 'This task was changed on another device before your deletion reached the server.', mine: 'Delete it all the same', theirs: 'Keep it' }
  if (op.kind === 'complete') return { title: `You ${op.to ? 'completed' : 'reopened'} this task, and another device changed it back meanwhile.`, mine: op.to ? 'Complete it' : 'Reopen it', theirs: 'Leave it as it is' }
  return { title: 'This task was changed here and on another device.', mine: 'Keep mine', theirs: 'Take the other' }
}

function valueText(task: Task, field: Field, zone: string, today: Day): string {
  switch (field) {
    case 'dueDate': {
      const due = dueOf(task, zone)
      return due ? dueText(due, today) : 'no date'
    }
    case 'recurringRule':
      return task.recurringRule ? ruleText(task.recurringRule, task.dueDate ? { ms: Date.parse(task.dueDate), zone: task.timeZone } : undefined) : 'never'
    case 'recurringEndDate': {
      const end = endDayOf(task)
      return end ? dayText(end, today) : 'no end'
    }
    case 'reminderAt':
      return task.reminderAt ? momentText(Date.parse(task.reminderAt), zone) : 'none'
    case 'tags':
      return task.tags.map((tag) => `#${tag}`).join(' ') || 'none'
    case 'category':
      return CATEGORY_LABELS[task.category]
    default:
      return task[field] ?? 'none'
  }
}
