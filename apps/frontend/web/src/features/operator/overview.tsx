import { CircleAlert, CircleCheck, CircleHelp, MailWarning } from 'lucide-react'
import { Badge, Button, cx, ErrorNote, Note, Section, Skeleton } from '@/ui'
import { shownParts, type Shown } from './parts'
import { durationText, rates, rateText, values } from './series'
import { Spark } from './spark'
import { useLag, useLetters, useOutbox, useParts, useTopics } from './use-operator'

const panel = 'rounded-lg border border-line bg-surface'

export function Overview({ onLetters }: { onLetters(): void }) {
  return (
    <>
      <LettersNote onLetters={onLetters} />
      <Health />
      <Topics />
      <Outbox />
      <LagOfGroups />
    </>
  )
}

function LettersNote({ onLetters }: { onLetters(): void }) {
  const { data } = useLetters({})
  const page = data?.pages[0]
  if (!page || page.letters.length === 0) return null
  const count = `${page.letters.length}${page.next ? '+' : ''}`
  return (
    <Note tone="warn" className="mb-6" action={<Button size="sm" onClick={onLetters}><MailWarning aria-hidden="true" className="size-3.5" />Look at them</Button>}>
      {count === '1' ? '1 event was given up on: it is a dead letter.' : `${count} events were given up on: they are dead letters.`}
    </Note>
  )
}

function Health() {
  const { data, error, refetch } = useParts()
  const lag = useLag().data?.answer
  const shown = data && shownParts(data.answer, lag)
  return (
    <Section title="Health" hint="The services, and what they depend on.">
      {error && <div className="mb-3"><ErrorNote error={error} retry={() => void refetch()} /></div>}
      {!shown && !error && <Skeleton lines={3} />}
      {shown && (
        <div aria-live="polite" className="grid grid-cols-2 gap-2 desk:grid-cols-3">
          {[...shown.services, ...shown.dependencies].map((part) => <PartCard key={part.name} {...part} />)}
        </div>
      )}
    </Section>
  )
}

const states = {
  ok: [CircleCheck, 'text-ok', 'Works'],
  bad: [CircleAlert, 'text-danger', 'Does not work'],
  unknown: [CircleHelp, 'text-ink-3', 'Not known'],
} as const

function PartCard({ name, state, note }: Shown) {
  const [Icon, colour, word] = states[state]
  return (
    <div className={cx(panel, 'flex items-start gap-2 px-3 py-2.5 sm:gap-3 sm:px-3.5 sm:py-3', state === 'bad' && 'col-span-2 border-danger desk:col-span-1')}>
      <Icon aria-hidden="true" className={cx('mt-0.5 size-4.5 shrink-0', colour)} />
      <div className="min-w-0">
        <div className="text-sm font-medium [overflow-wrap:anywhere]">{name}<span className="sr-only">: {word}</span></div>
        <div className={cx('text-xs [overflow-wrap:anywhere]', state === 'bad' ? 'text-danger' : 'text-ink-3')}>{note}</div>
      </div>
    </div>
  )
}

function Topics() {
  const { data, error, refetch } = useTopics()
  const known = data?.answer
  return (
    <Section title="Events" hint={known?.source === 'kafka' ? 'Per second and topic, at the broker.' : 'Per second and topic, since this process started.'}>
      {error && <div className="mb-3"><ErrorNote error={error} retry={() => void refetch()} /></div>}
      {!known && !error && <Skeleton lines={2} />}
      {known?.detail && <Note>{known.detail}</Note>}
      <div className="grid gap-2 sm:grid-cols-2 desk:grid-cols-3">
        {known?.topics.map(({ topic, taken }) => {
          const rate = rates(data?.samples ?? [], topic)
          return (
            <div key={topic} className={cx(panel, 'px-3.5 pt-3 pb-2')}>
              <div className="flex items-baseline justify-between gap-2">
                <span className="truncate text-sm font-medium">{topic}</span>
                <span className="num text-lg font-semibold">{rateText(rate.at(-1))}<span className="text-xs font-normal text-ink-3"> /s</span></span>
              </div>
              <Spark label={`Events a second in ${topic}`} values={rate} unit=" a second" />
              <div className="num text-xs text-ink-3">{taken.toLocaleString('en')} in all</div>
            </div>
          )
        })}
      </div>
    </Section>
  )
}

function Outbox() {
  const { data, error, refetch } = useOutbox()
  const shards = data?.answer ?? []
  const publishers = [...new Set(shards.map((s) => s.publisher))].map((name) => {
    const own = shards.filter((s) => s.publisher === name)
    return { name, pending: own.reduce((n, s) => n + s.pending, 0), ageMs: Math.max(...own.map((s) => s.ageMs)), shards: own.length, without: own.filter((s) => s.owner === null).length }
  })
  const pending = publishers.reduce((n, p) => n + p.pending, 0)
  return (
    <Section title="Outbox" hint="What is stored and not yet published. It empties within moments, unless a broker or a service is away.">
      {error && <div className="mb-3"><ErrorNote error={error} retry={() => void refetch()} /></div>}
      {!data && !error && <Skeleton lines={2} />}
      {data && (
        <div className={cx(panel, 'px-3.5 py-3')}>
          <div className="flex items-baseline justify-between gap-2">
            <span className="text-sm">{pending === 0 ? 'Empty: everything is published.' : 'Events that wait'}</span>
            <span className="num text-lg font-semibold">{pending.toLocaleString('en')}</span>
          </div>
          <Spark label="Events in the outbox" values={values(data.samples, 'pending')} tone={pending > 0 ? 'warn' : 'accent'} />
          {publishers.length > 0 && (
            <table className="mt-2 w-full text-left text-sm">
              <thead className="text-xs text-ink-3"><tr><th className="font-normal">Publisher</th><th className="text-right font-normal">Waiting</th><th className="text-right font-normal">Oldest</th><th className="hidden text-right font-normal sm:table-cell">Shards</th></tr></thead>
              <tbody className="num">
                {publishers.map((p) => (
                  <tr key={p.name} className="border-t border-line">
                    <td className="py-1.5">{p.name}{p.without > 0 && <Badge tone="warn" className="ml-2">{p.without} without a relay</Badge>}</td>
                    <td className="text-right">{p.pending.toLocaleString('en')}</td><td className="text-right">{durationText(p.ageMs)}</td><td className="hidden text-right sm:table-cell">{p.shards}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
      )}
    </Section>
  )
}

function LagOfGroups() {
  const { data, error, refetch } = useLag()
  const known = data?.answer
  const groups = [...new Set(known?.groups.map((g) => g.group))]
  return (
    <Section title="Consumer lag" hint={known?.source === 'outbox' ? 'How many events each group has not handled, at most: in one process an event waits in the outbox until every group has settled it.' : 'How many events each group has not handled.'}>
      {error && <div className="mb-3"><ErrorNote error={error} retry={() => void refetch()} /></div>}
      {!known && !error && <Skeleton lines={3} />}
      {known?.detail && <Note>{known.detail}</Note>}
      <div className="grid gap-2 desk:grid-cols-3">
        {groups.map((group) => {
          const topics = known?.groups.filter((g) => g.group === group) ?? []
          const behind = topics.reduce((n, t) => n + t.behind, 0)
          const members = topics[0]?.members ?? null
          return (
            <div key={group} className={cx(panel, 'px-3.5 py-3')}>
              <div className="flex items-baseline justify-between gap-2">
                <h3 className="truncate text-sm font-medium">{group}</h3>
                <span className="num text-lg font-semibold">{behind.toLocaleString('en')}</span>
              </div>
              {members !== null && <div className={cx('text-xs', members === 0 ? 'text-danger' : 'text-ink-3')}>{members === 0 ? 'Nobody is in this group' : members === 1 ? '1 instance' : `${members} instances`}</div>}
              <Spark label={`Lag of ${group}`} values={values(data?.samples ?? [], group)} unit=" events" tone={behind > 0 ? 'warn' : 'accent'} />
              <dl className="num mt-1 grid grid-cols-[1fr_auto] gap-y-0.5 text-xs text-ink-2">
                {topics.map((t) => (
                  <div key={t.topic} className="contents"><dt className="truncate">{t.topic}</dt><dd className={cx('text-right', t.behind > 0 && 'font-semibold text-warn')}>{t.behind.toLocaleString('en')}</dd></div>
                ))}
              </dl>
            </div>
          )
        })}
      </div>
    </Section>
  )
}
