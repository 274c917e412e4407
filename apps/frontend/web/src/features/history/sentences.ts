import type { AuditEntry } from '@/api'
import { dueOf, dueText } from '@/features/tasks/due'
import { readRule, ruleText } from '@/features/tasks/rules'
import { dayOf, dayText, timeText, type Day } from '@/time'

export type Fields = Record<string, unknown>

/** One thing that was done: a sentence, and for long texts what stood there before and after. */
export type Deed = { text: string; before?: string; after?: string }

export type Told = {
  /** `opened`: a completed task was opened again. `sent`: nothing but the mark that the reminder went out. */
  kind: 'created' | 'repeated' | 'updated' | 'opened' | 'sent' | 'completed' | 'deleted'
  deeds: Deed[]
}

type Context = {
  /** Who reads it: the same as who did it, in this system. */
  reader: string
  zone: string
  /** The task's own zone: a due date that is midnight there is a day, without a time. */
  taskZone: string
  today: Day
}

/** What an entry of the audit trail says, in sentences. */
export function tell(entry: AuditEntry, context: Context): Told {
  const who = entry.userId === context.reader ? 'You' : entry.userId
  const old = (entry.data.old ?? {}) as Fields
  const now = (entry.data.new ?? {}) as Fields
  switch (entry.eventType) {
    case 'created':
      return created(who, now, context)
    case 'completed':
      return { kind: 'completed', deeds: [{ text: `${who} completed it.` }] }
    case 'deleted':
      return { kind: 'deleted', deeds: [{ text: `${who} deleted it.` }] }
    default:
      return updated(who, old, now, context)
  }
}

function created(who: string, task: Fields, context: Context): Told {
  const follows = typeof task['previous_task_id'] === 'string'
  const first = follows ? 'It was made as the next one, since the one before was completed.' : `${who} added it.`
  const facts = [
    `${word(task['priority'])} priority`,
    word(task['category']),
    task['due_date'] ? `due ${due(task['due_date'], context)}` : '',
    task['recurring_rule'] ? rule(task['recurring_rule'], task, context) : '',
    task['reminder_at'] ? `reminder ${moment(task['reminder_at'], context)}` : '',
    tagsOf(task['tags']).map((tag) => `#${tag}`).join(' '),
  ].filter(Boolean)
  const deeds: Deed[] = [{ text: first }, { text: `${capital(facts.join(', '))}.` }]
  if (task['description']) deeds.push({ text: 'With notes:', after: String(task['description']) })
  return { kind: follows ? 'repeated' : 'created', deeds }
}

function updated(who: string, old: Fields, now: Fields, context: Context): Told {
  const names = Object.keys({ ...old, ...now }).sort((a, b) => rank(a) - rank(b))
  if (names.length === 1 && names[0] === 'reminder_sent') {
    return { kind: 'sent', deeds: [{ text: now['reminder_sent'] ? 'The reminder counts as sent: there was one for this time already.' : 'The reminder is to be sent again.' }] }
  }
  const deeds = names.flatMap((name) => deed(name, old[name], now[name], { ...now }, context))
  if (deeds.length === 0) return { kind: 'updated', deeds: [{ text: `${who} changed it.` }] }
  const [first, ...rest] = deeds as [Deed, ...Deed[]]
  return { kind: now['completed'] === false ? 'opened' : 'updated', deeds: [{ ...first, text: `${who} ${first.text}` }, ...rest.map((d) => ({ ...d, text: capital(d.text) }))] }
}

/** What is most of a change comes first; a description, which is long, last. */
const order = ['completed', 'title', 'priority', 'category', 'due_date', 'reminder_at', 'recurring_rule', 'recurring_end_date', 'tags', 'time_zone']

function rank(name: string): number {
  const place = order.indexOf(name)
  return name === 'description' ? order.length + 1 : place < 0 ? order.length : place
}

/** What follows from another change, or is of no use to a person. */
const silent = new Set(['status', 'series_start', 'series_index', 'version', 'updated_at', 'reminder_sent'])

function deed(name: string, from: unknown, to: unknown, now: Fields, context: Context): Deed[] {
  if (silent.has(name)) return []
  switch (name) {
    case 'completed':
      return [{ text: to ? 'completed it.' : 'opened it again.' }]
    case 'title':
      return [{ text: `renamed it from “${String(from)}” to “${String(to)}”.` }]
    case 'description':
      return [description(from, to)]
    case 'priority':
    case 'category':
      return [{ text: `changed the ${name} from ${word(from)} to ${word(to)}.` }]
    case 'due_date':
      return [{ text: set('the due date', from, to, (v) => due(v, context)) }]
    case 'reminder_at':
      return [{ text: set('the reminder', from, to, (v) => moment(v, context)) }]
    case 'recurring_end_date':
      return [{ text: set('the end of the series', from, to, (v) => due(v, context)) }]
    case 'recurring_rule':
      return [{ text: repetition(from, to, now, context) }]
    case 'tags':
      return [{ text: tags(tagsOf(from), tagsOf(to)) }]
    case 'time_zone':
      return [{ text: `moved its times from ${String(from)} to ${String(to)}.` }]
    default:
      return [{ text: `changed ${name.replaceAll('_', ' ')} from ${plain(from)} to ${plain(to)}.` }]
  }
}

function set(what: string, from: unknown, to: unknown, say: (value: unknown) => string): string {
  if (!from) return `set ${what} to ${say(to)}.`
  if (!to) return `removed ${what}, which was ${say(from)}.`
  return `moved ${what} from ${say(from)} to ${say(to)}.`
}

function repetition(from: unknown, to: unknown, now: Fields, context: Context): string {
  if (!to) return `stopped the repetition, which was ${rule(from, {}, context)}.`
  if (!from) return `made it repeat ${rule(to, now, context)}.`
  return `changed the repetition from ${rule(from, {}, context)} to ${rule(to, now, context)}.`
}

function description(from: unknown, to: unknown): Deed {
  const before = from ? { before: String(from) } : {}
  const after = to ? { after: String(to) } : {}
  return { text: !from ? 'wrote notes:' : !to ? 'removed the notes:' : 'changed the notes:', ...before, ...after }
}

function tags(from: string[], to: string[]): string {
  const added = to.filter((tag) => !from.includes(tag))
  const removed = from.filter((tag) => !to.includes(tag))
  const names = (list: string[]) => list.map((tag) => `#${tag}`).join(', ')
  if (added.length === 0 && removed.length === 0) return 'put the tags into another order.'
  if (removed.length === 0) return `added ${names(added)}.`
  if (added.length === 0) return `removed ${names(removed)}.`
  return `added ${names(added)} and removed ${names(removed)}.`
}

function rule(value: unknown, task: Fields, { taskZone }: Context): string {
  const text = String(value)
  if (!readRule(text)) return 'by a rule of its own'
  const due = typeof task['due_date'] === 'string' ? Date.parse(task['due_date']) : NaN
  return ruleText(text, Number.isNaN(due) ? undefined : { ms: due, zone: taskZone })
}

function due(value: unknown, { zone, taskZone, today }: Context): string {
  const read = Number.isNaN(Date.parse(String(value))) ? undefined : dueOf({ dueDate: String(value), timeZone: taskZone }, zone)
  return read ? inSentence(dueText(read, today)) : String(value)
}

function moment(value: unknown, { zone, today }: Context): string {
  const ms = Date.parse(String(value))
  return Number.isNaN(ms) ? String(value) : inSentence(`${dayText(dayOf(ms, zone), today)}, ${timeText(ms, zone)}`)
}

function inSentence(text: string): string {
  return text.replace(/^(Today|Tomorrow|Yesterday)/, (day) => day.toLowerCase())
}

function tagsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function word(value: unknown): string {
  return String(value)
}

function plain(value: unknown): string {
  return value === null || value === undefined || value === '' ? 'nothing' : typeof value === 'string' ? `“${value}”` : JSON.stringify(value)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
