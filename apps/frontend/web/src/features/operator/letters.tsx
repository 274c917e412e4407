import { MailCheck } from 'lucide-react'
import { useState } from 'react'
import type { DeadLetter } from '@/api'
import { useZone } from '@/app/preferences'
import { agoText, momentText, now, useNow } from '@/time'
import { Badge, Button, EmptyState, ErrorNote, SelectField, Skeleton, TextField } from '@/ui'
import { LetterSheet } from './letter-sheet'
import { ManyDialog } from './many-dialog'
import { useLetters, type Act, type Filter } from './use-operator'

const TOPICS = ['task-created', 'task-updated', 'task-completed', 'task-deleted', 'reminder-due']
const GROUPS = ['audit-service', 'recurring-service', 'websocket-service']
const SINCE = [{ value: '', label: 'Any time' }, { value: '3600000', label: 'Last hour' }, { value: '86400000', label: 'Last day' }, { value: '604800000', label: 'Last week' }]
const REASONS = { malformed: 'can’t be read', permanent: 'refused for good', exhausted: 'all tries used up' } as const

const options = (all: string, values: string[]) => [{ value: '', label: all }, ...values.map((value) => ({ value, label: value }))]

/** What groups gave up on: to look at, to hand over again, or to drop. */
export function Letters() {
  const [filter, setFilter] = useState<Filter>({})
  const [since, setSince] = useState('')
  const [looked, setLooked] = useState<DeadLetter>()
  const [many, setMany] = useState<Act>()
  const { data, error, refetch, isPending, hasNextPage, fetchNextPage, isFetchingNextPage } = useLetters(filter)
  const letters = data?.pages.flatMap((page) => page.letters) ?? []
  const filtered = Object.keys(filter).length > 0

  function choose(name: keyof Filter, value: string): void {
    const { [name]: _before, ...rest } = filter
    setFilter(value === '' ? rest : { ...rest, [name]: value })
  }
  return (
    <>
      <form
        aria-label="Which dead letters"
        className="mb-4 grid grid-cols-2 gap-2 desk:grid-cols-5"
        onSubmit={(event) => event.preventDefault()}
      >
        <SelectField label="Topic" value={filter.topic ?? ''} onChange={(e) => choose('topic', e.target.value)} options={options('All', TOPICS)} />
        <SelectField label="Group" value={filter.group ?? ''} onChange={(e) => choose('group', e.target.value)} options={options('All', GROUPS)} />
        <SelectField label="Failed" value={since} onChange={(e) => { setSince(e.target.value); choose('since', e.target.value && new Date(now() - Number(e.target.value)).toISOString()) }} options={SINCE} />
        <TextField label="User" defaultValue="" onBlur={(e) => choose('user', e.target.value.trim())} onKeyDown={(e) => e.key === 'Enter' && choose('user', e.currentTarget.value.trim())} />
        <div className="col-span-2 desk:col-span-1">
          <TextField label="Error contains" defaultValue="" onBlur={(e) => choose('error', e.target.value.trim())} onKeyDown={(e) => e.key === 'Enter' && choose('error', e.currentTarget.value.trim())} />
        </div>
      </form>
      {error && <div className="mb-3"><ErrorNote error={error} retry={() => void refetch()} /></div>}
      {isPending && !error && <Skeleton />}
      {data && letters.length === 0 && (
        <EmptyState icon={<MailCheck />} title={filtered ? 'No dead letter matches' : 'No dead letters'}>
          {filtered ? 'Take a filter away to see more.' : 'Every event was handled. What a group gives up on is kept here, with its bytes, until you decide.'}
        </EmptyState>
      )}
      {letters.length > 0 && (
        <>
          <div className="mb-2 flex flex-wrap items-center gap-2">
            <p role="status" className="flex-1 text-sm text-ink-2">{letters.length}{hasNextPage ? ' or more' : ''} {letters.length === 1 && !hasNextPage ? 'letter' : 'letters'}, newest failure first</p>
            <Button onClick={() => setMany('redrive')}>Redrive {filtered ? 'these' : 'all'}…</Button>
            <Button onClick={() => setMany('discard')}>Discard {filtered ? 'these' : 'all'}…</Button>
          </div>
          <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface">
            {letters.map((letter) => <Letter key={letter.id} letter={letter} onLook={() => setLooked(letter)} />)}
          </ul>
        </>
      )}
      {hasNextPage && <Button className="mt-3 self-center" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show older ones</Button>}
      <LetterSheet letter={looked} onClose={() => setLooked(undefined)} />
      {many && <ManyDialog what={many} filter={filter} onClose={() => setMany(undefined)} />}
    </>
  )
}

function Letter({ letter, onLook }: { letter: DeadLetter; onLook(): void }) {
  const zone = useZone()
  const failed = Date.parse(letter.lastFailed)
  return (
    <li>
      <button type="button" onClick={onLook} className="flex w-full flex-col gap-1 px-3.5 py-2.5 text-left hover:bg-sunken/60 focus-visible:-outline-offset-2">
        <span className="flex w-full flex-wrap items-center gap-x-2 gap-y-1">
          <span className="text-sm font-medium">{letter.topic}</span>
          <span className="text-sm text-ink-2">at {letter.group}</span>
          <Badge tone={letter.reason === 'exhausted' ? 'warn' : 'danger'}>{REASONS[letter.reason]}</Badge>
          {letter.redriveAt && <Badge tone="accent">redrive under way</Badge>}
          <span className="num ml-auto text-xs text-ink-3"><Ago at={failed} zone={zone} /></span>
        </span>
        <span className="line-clamp-2 font-mono text-xs text-ink-2 [overflow-wrap:anywhere]">{letter.error}</span>
        <span className="num text-xs text-ink-3 [overflow-wrap:anywhere]">{letter.attempts === 1 ? '1 try' : `${letter.attempts} tries`} · {letter.userId ? `user ${letter.userId}` : 'user not known'}</span>
      </button>
    </li>
  )
}

function Ago({ at, zone }: { at: number; zone: string }) {
  const time = useNow()
  return <time dateTime={new Date(at).toISOString()} title={momentText(at, zone)}>{agoText(at, zone, time)}</time>
}
