import { AlarmClock, CalendarDays, CalendarX, Flag, Hash, Repeat2, Shapes, X, type LucideIcon } from 'lucide-react'
import { dayText, dayOf, timeText, type Day } from '@/time'
import { useRemoval } from '@/ui'
import { dueInstant, dueText, type Due } from './due'
import { Ahead } from './ahead'
import { reminderTime, type Defaults } from './new-task'
import { ruleText, untilText } from './rules'
import { CATEGORY_LABELS } from './task-meta'
import type { ChipKind, Piece, Understood } from './understand'

const ICONS: Record<ChipKind, LucideIcon> = { due: CalendarDays, rule: Repeat2, end: CalendarX, reminder: AlarmClock, priority: Flag, category: Shapes, tag: Hash }

type Props = {
  understood: Understood
  defaults: Defaults
  today: Day
  zone: string
  onRefuse(refusal: string): void
  onRefuseDefault(): void
  /** Where the focus goes when the last chip is taken back. */
  otherwise(): HTMLElement | null
}

/** What was understood of a line. Pressing a chip makes its words part of the title again. */
export function Chips({ understood, defaults, today, zone, onRefuse, onRefuseDefault, otherwise }: Props) {
  const { group, leaving } = useRemoval<HTMLDivElement>(otherwise)
  const due = understood.due ?? (understood.rule ? undefined : defaults.due)
  const chips = chipsOf(understood, due, today, zone)
  const fromList = !understood.due && due
  return (
    <div ref={group} className="flex flex-wrap items-center gap-1.5 px-3 pb-2.5 empty:hidden">
      {fromList && <Chip icon={CalendarDays} label={dueText(due, today)} name={`Due ${dueText(due, today)}`} onRemove={(button) => { leaving(button); onRefuseDefault() }} />}
      {chips.map(({ piece, label }) => (
        <Chip key={`${piece.kind}${piece.start}`} icon={ICONS[piece.kind]} label={label} name={`${label} (${piece.text.trim()})`} onRemove={(button) => { leaving(button); onRefuse(`${piece.kind}:${piece.text.toLowerCase()}`) }} />
      ))}
      {understood.rule && due && <Ahead rule={understood.rule} due={dueInstant(due, zone)} zone={zone} today={today} end={understood.end} />}
    </div>
  )
}

function Chip({ icon: Icon, label, name, onRemove }: { icon: LucideIcon; label: string; name: string; onRemove(button: Element): void }) {
  return (
    <button
      type="button"
      aria-label={`Take back: ${name}`}
      onClick={(event) => onRemove(event.currentTarget)}
      className="num inline-flex h-7 max-w-full animate-appear items-center gap-1.5 rounded-full bg-accent-soft pr-1.5 pl-2.5 text-xs font-medium text-accent transition-colors hover:bg-sunken hover:text-ink touch:h-9"
    >
      <Icon aria-hidden="true" className="size-3.5 shrink-0" />
      <span className="truncate">{label}</span>
      <X aria-hidden="true" className="size-3.5 shrink-0 opacity-70" />
    </button>
  )
}

/** Several pieces may say one thing ("on Monday … at 9"): the first of them is the chip. */
function chipsOf(u: Understood, due: Due | undefined, today: Day, zone: string): { piece: Piece; label: string }[] {
  const chips: { piece: Piece; label: string }[] = []
  for (const piece of u.pieces) {
    if (piece.kind !== 'tag' && chips.some((c) => c.piece.kind === piece.kind)) continue
    chips.push({ piece, label: labelOf(piece, u, due, today, zone) })
  }
  if (due && u.due && !u.pieces.some((p) => p.kind === 'due')) {
    const rule = chips.find((c) => c.piece.kind === 'rule')
    if (rule) rule.label = `${rule.label}, from ${dueText(due, today)}`
  }
  return chips
}

function labelOf(piece: Piece, u: Understood, due: Due | undefined, today: Day, zone: string): string {
  switch (piece.kind) {
    case 'due':
      return due ? dueText(due, today) : piece.text
    case 'rule':
      return u.rule ? ruleText(u.rule, due && { ms: dueInstant(due, zone), zone }) : piece.text
    case 'end':
      return u.end ? `until ${untilText(u.end)}` : piece.text
    case 'reminder': {
      const at = u.reminder && reminderTime(u.reminder, due, zone)
      return at === undefined ? 'reminder: needs a date' : `reminder ${dayText(dayOf(at, zone), today)}, ${timeText(at, zone)}`
    }
    case 'priority':
      return `${u.priority} priority`
    case 'category':
      return u.category ? CATEGORY_LABELS[u.category] : piece.text
    case 'tag':
      return piece.text.slice(1).toLowerCase()
  }
}
