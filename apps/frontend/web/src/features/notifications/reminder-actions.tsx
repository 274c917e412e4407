import { Clock } from 'lucide-react'
import { useZone } from '@/app/preferences'
import { now } from '@/time'
import { Button, Menu, MenuItem } from '@/ui'
import { snoozes } from './snooze'
import { useRemindedTask } from './use-reminded-task'

/** Open, complete, put off: below a reminder, in the list and in its toast. */
export function ReminderActions({ taskId, notificationId, onDone }: { taskId: string; notificationId: string; onDone?(): void }) {
  const { row, open, complete, snooze } = useRemindedTask(taskId, notificationId)
  const zone = useZone()
  if (!row) return null
  const then = (act: () => void) => () => {
    act()
    onDone?.()
  }
  return (
    <div className="flex flex-wrap gap-1.5">
      <Button size="sm" onClick={then(open)}>Open</Button>
      {!row.task.completed && (
        <>
          <Button size="sm" onClick={then(complete)}>Complete</Button>
          <Menu align="start" trigger={<Button size="sm"><Clock aria-hidden="true" className="size-3.5" />Snooze</Button>}>
            {snoozes(now(), zone).map(({ label, at }) => <MenuItem key={label} onSelect={then(() => snooze(at))}>{label}</MenuItem>)}
          </Menu>
        </>
      )}
    </div>
  )
}
