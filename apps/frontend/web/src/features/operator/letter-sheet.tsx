import { RotateCcw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { errorText, type DeadLetter } from '@/api'
import { useZone } from '@/app/preferences'
import { momentText } from '@/time'
import { Button, Confirm, ErrorNote, Note, Sheet, Skeleton, toast } from '@/ui'
import { readBytes } from './bytes'
import { useAct, useLetter, type Act } from './use-operator'

/** One dead letter: why, when, and its bytes. */
export function LetterSheet({ letter, onClose }: { letter: DeadLetter | undefined; onClose(): void }) {
  const [asking, setAsking] = useState(false)
  const doing = useAct((what) => {
    setAsking(false)
    onClose()
    toast(what === 'redrive' ? { text: 'Handed over again.', detail: 'If it succeeds, the letter goes; if not, it comes back with one more try.' } : { text: 'Discarded.' })
  })
  function run(what: Act): void {
    if (letter) doing.mutate({ what, which: { id: letter.id } })
  }
  return (
    <Sheet open={letter !== undefined} onOpenChange={(open) => !open && onClose()} title="Dead letter">
      {letter && (
        <div className="flex flex-col gap-4 p-5">
          <div className="flex flex-wrap gap-2">
            <Button look="primary" busy={doing.isPending} onClick={() => run('redrive')}><RotateCcw aria-hidden="true" className="size-4" />Redrive</Button>
            <Button onClick={() => setAsking(true)}><Trash2 aria-hidden="true" className="size-4" />Discard…</Button>
          </div>
          {doing.error && !asking && <Note tone="danger">{errorText(doing.error)}</Note>}
          {letter.redriveAt && <Note>A redrive was asked for. The service runs it when it is there.</Note>}
          <Facts letter={letter} />
          <Bytes id={letter.id} />
        </div>
      )}
      <Confirm
        open={asking} onOpenChange={setAsking} title="Discard this letter?" action="Discard" busy={doing.isPending} onConfirm={() => run('discard')}
        description="It is removed for good, and what the event should have done here never happens."
      >
        {doing.error && <Note tone="danger">{errorText(doing.error)}</Note>}
      </Confirm>
    </Sheet>
  )
}

function Facts({ letter }: { letter: DeadLetter }) {
  const zone = useZone()
  const facts: [string, string][] = [
    ['Error', letter.error],
    ['Group', letter.group],
    ['Topic', letter.topic],
    ['Type', letter.eventType ?? 'can’t be read'],
    ['Event', letter.eventId ?? 'can’t be read'],
    ['User', letter.userId ?? 'can’t be read'],
    ['Tries', String(letter.attempts)],
    ['First failed', momentText(Date.parse(letter.firstFailed), zone)],
    ['Last failed', momentText(Date.parse(letter.lastFailed), zone)],
    ...(letter.traceParent ? [['Trace', letter.traceParent] as [string, string]] : []),
    ['Letter', letter.id],
  ]
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm [overflow-wrap:anywhere]">
      {facts.map(([name, value]) => <div key={name} className="contents"><dt className="text-ink-3">{name}</dt><dd>{value}</dd></div>)}
    </dl>
  )
}

function Bytes({ id }: { id: string }) {
  const { data, error, refetch } = useLetter(id)
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />
  if (!data) return <Skeleton lines={3} />
  const { kind, text, size } = readBytes(data.body)
  const names = { json: 'as JSON', text: 'as text', bytes: 'in base64: they are not text' }
  return (
    <section>
      <h3 className="text-sm font-medium">Its {size.toLocaleString('en')} bytes, {names[kind]}</h3>
      <pre tabIndex={0} aria-label="The bytes of the letter" className="mt-2 max-h-[50vh] overflow-auto rounded-md bg-sunken p-3 font-mono text-xs whitespace-pre-wrap text-ink-2 [overflow-wrap:anywhere]">{text || '(nothing)'}</pre>
    </section>
  )
}
