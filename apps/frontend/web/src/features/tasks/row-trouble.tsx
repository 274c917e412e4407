import { useScope } from '@/app/scope'
import type { Op, Row } from '@/store'
import { Button, Note } from '@/ui'
import { refusalText } from './field-names'

const WHAT: Record<Op['kind'], string> = { create: 'Not added', update: 'Not changed', complete: 'Not completed', remove: 'Not deleted' }

/** Below a row: a write that the server refused, or that met somebody else's change. */
export function RowTrouble({ row, onOpen, className }: { row: Row; onOpen(): void; className?: string }) {
  const { tasks } = useScope()
  const op = row.ops.find((o) => o.state !== 'waiting')
  if (!op) return null
  if (op.state === 'conflict') {
    return (
      <Note tone="warn" {...(className ? { className } : {})} action={<Button size="sm" onClick={onOpen}>Look at both</Button>}>
        {op.theirs === null ? 'Deleted on another device while you changed it.' : 'Changed on another device at the same time. Nothing is overwritten.'}
      </Note>
    )
  }
  return (
    <Note
      tone="danger"
      {...(className ? { className } : {})}
      action={
        <span className="flex gap-1.5">
          <Button size="sm" onClick={() => tasks.retry(op.id)}>Try again</Button>
          <Button size="sm" onClick={() => tasks.discard(op.id)}>Discard</Button>
        </span>
      }
    >
      {WHAT[op.kind]}. {op.error && refusalText(op.error)}
    </Note>
  )
}
