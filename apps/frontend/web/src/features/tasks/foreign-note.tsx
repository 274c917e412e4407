import { Button, Note } from '@/ui'

/** Somebody else changed the field that is edited here: both are shown, and the person decides. */
export function ForeignNote({ what, theirs, onTheirs, onMine }: { what: string; theirs: string; onTheirs(): void; onMine(): void }) {
  return (
    <Note
      tone="warn"
      action={
        <span className="flex gap-1.5">
          <Button size="sm" onClick={onTheirs}>Take that</Button>
          <Button size="sm" onClick={onMine}>Keep mine</Button>
        </span>
      }
    >
      {what} changed on another device meanwhile: <q className="user-text font-medium">{theirs || 'nothing'}</q>
    </Note>
  )
}
