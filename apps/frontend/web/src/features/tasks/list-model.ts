import type { Priority, Task } from '@/api'
import type { ListSearch } from '@/routes/search'
import type { Row } from '@/store'
import { addDays, dayOf, dayText, type Day } from '@/time'
import { dueOf, isOverdue, type Due } from './due'

export type ViewName = 'today' | 'upcoming' | 'all' | 'completed'
export type Sort = 'due' | 'priority' | 'newest' | 'title'

export const SORTS: readonly { value: Sort; label: string }[] = [
  { value: 'due', label: 'Due date' },
  { value: 'priority', label: 'Priority' },
  { value: 'newest', label: 'Newest first' },
  { value: 'title', label: 'Title' },
]

export type TaskItem = {
  kind: 'task'
  key: string
  row: Row
  due: Due | undefined
  overdue: boolean
  /** The heading above it does not say the day already. */
  withDay: boolean
}
export type HeaderItem = { kind: 'header'; key: string; title: string; count: number; tone?: 'danger' }
export type Item = TaskItem | HeaderItem

export type Scene = {
  view: ViewName
  search: ListSearch
  zone: string
  today: Day
  now: number
  /** Rows that were completed a moment ago, and are still shown where they were. */
  lingering: ReadonlySet<string>
}

export function sortOf(search: ListSearch): Sort {
  return SORTS.find((s) => s.value === search.sort)?.value ?? 'due'
}

export function isFiltered(search: ListSearch): boolean {
  return Boolean(search.q || search.priority || search.category || search.tag)
}

type Facts = { zone: string; due: Due | undefined; at: string; text?: string }

// Of each version of a task once: a list of thousands is looked at with each change.
const facts = new WeakMap<Task, Facts>()

function factsOf(task: Task, zone: string): Facts {
  let known = facts.get(task)
  if (known?.zone !== zone) {
    const due = dueOf(task, zone)
    // What has a time comes before what has the day for it; what is due on no day comes last.
    const at = due ? `${due.day} ${due.time ? task.dueDate : '~'}` : '~'
    known = { zone, due, at }
    facts.set(task, known)
  }
  return known
}

/** What a search looks at. */
function textOf(task: Task, known: Facts): string {
  known.text ??= fold(`${task.title}\n${task.description ?? ''}\n${task.tags.join('\n')}`)
  return known.text
}

/** For a search that ignores case and accents. */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{Diacritic}/gu, '').toLowerCase()
}

const RANK: Record<Priority, number> = { high: 0, medium: 1, low: 2 }

type Candidate = TaskItem & { facts: Facts }

/** What a list shows, in order, with the headings of its groups. */
export function itemsOf(rows: readonly Row[], scene: Scene): Item[] {
  const { search, zone, today, now, lingering } = scene
  const wanted = filterOf(search)
  const shown: Candidate[] = []
  for (const row of rows) {
    const known = factsOf(row.task, zone)
    if (!wanted(row.task, known)) continue
    const overdue = isOverdue(lingering.has(row.key) ? { ...row.task, completed: false } : row.task, known.due, today, now)
    if (belongs(row, known, scene)) shown.push({ kind: 'task', key: row.key, row, due: known.due, overdue, withDay: true, facts: known })
  }
  return grouped(shown, scene)
}

function belongs({ key, task }: Row, { due }: Facts, { view, search, today, lingering }: Scene): boolean {
  // Whoever searches wants to find it, wherever it is.
  if (search.q) return true
  if (view === 'completed') return task.completed
  if (task.completed && !lingering.has(key)) return false
  if (view === 'today') return due !== undefined && due.day <= today
  if (view === 'upcoming') return due !== undefined && due.day > today
  return true
}

function filterOf({ q, priority, category, tag }: ListSearch): (task: Task, facts: Facts) => boolean {
  const words = q ? fold(q).split(/\s+/).filter(Boolean) : []
  return (task, known) =>
    (!priority || task.priority === priority) &&
    (!category || task.category === category) &&
    (!tag || task.tags.includes(tag)) &&
    (words.length === 0 || words.every((word) => textOf(task, known).includes(word)))
}

type Group = { key: string; title: string; rank: string; tone?: 'danger' }

function grouped(shown: Candidate[], scene: Scene): Item[] {
  const groups = new Map<string, { group: Group; items: Candidate[] }>()
  for (const item of shown) {
    const group = groupOf(item, scene)
    const there = groups.get(group.key)
    if (there) there.items.push(item)
    else groups.set(group.key, { group, items: [item] })
  }
  const order = orderOf(scene)
  const result: Item[] = []
  for (const { group, items } of [...groups.values()].sort((a, b) => compare(a.group.rank, b.group.rank))) {
    items.sort(order)
    if (group.title) result.push({ kind: 'header', key: `group:${group.key}`, title: group.title, count: items.length, ...(group.tone ? { tone: group.tone } : {}) })
    for (const { facts: _facts, ...item } of items) result.push({ ...item, withDay: item.due?.day !== group.key })
  }
  return result
}

function groupOf(item: Candidate, { view, search, zone, today, lingering }: Scene): Group {
  const { task, key } = item.row
  const done = task.completed && !lingering.has(key)
  if (search.q) return done ? { key: 'done', title: 'Completed', rank: '1' } : { key: 'open', title: 'Open', rank: '0' }
  if (view === 'completed') {
    const day = dayOf(Date.parse(task.updatedAt), zone)
    // The latest day first.
    return { key: day, title: dayText(day, today), rank: [...day].map((c) => (c === '-' ? c : String(9 - Number(c)))).join('') }
  }
  const sort = sortOf(search)
  if (sort === 'priority') return { key: task.priority, title: `${task.priority.charAt(0).toUpperCase()}${task.priority.slice(1)} priority`, rank: String(RANK[task.priority]) }
  if (sort !== 'due') return { key: 'all', title: '', rank: '0' }
  return byDay(item.due, today, view)
}

function byDay(due: Due | undefined, today: Day, view: ViewName): Group {
  if (!due) return { key: 'none', title: 'No date', rank: '~' }
  if (due.day < today) return { key: 'overdue', title: 'Overdue', rank: '0', tone: 'danger' }
  if (view === 'all' && due.day > addDays(today, 7)) return { key: 'later', title: 'Later', rank: '}' }
  return { key: due.day, title: dayText(due.day, today), rank: due.day }
}

function orderOf({ view, search }: Scene): (a: Candidate, b: Candidate) => number {
  const newest = (a: Candidate, b: Candidate) => compare(b.row.task.createdAt, a.row.task.createdAt) || compare(a.key, b.key)
  const due = (a: Candidate, b: Candidate) => compare(a.facts.at, b.facts.at) || RANK[a.row.task.priority] - RANK[b.row.task.priority] || newest(a, b)
  if (view === 'completed' && !search.q) return (a, b) => compare(b.row.task.updatedAt, a.row.task.updatedAt) || newest(a, b)
  switch (sortOf(search)) {
    case 'due':
      return due
    case 'priority':
      return (a, b) => RANK[a.row.task.priority] - RANK[b.row.task.priority] || due(a, b)
    case 'newest':
      return newest
    case 'title':
      return (a, b) => collator.compare(a.row.task.title, b.row.task.title) || newest(a, b)
  }
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Every tag that is in use, the most used first. */
export function tagsOf(rows: readonly Row[]): string[] {
  const uses = new Map<string, number>()
  for (const { task } of rows) for (const tag of task.tags) uses.set(tag, (uses.get(tag) ?? 0) + (task.completed ? 0.01 : 1))
  return [...uses].sort((a, b) => b[1] - a[1] || compare(a[0], b[0])).map(([tag]) => tag)
}

/** How far today is: what is open with a date up to today, and what was completed today. */
export function todayCounts(rows: readonly Row[], zone: string, today: Day): { open: number; done: number } {
  let open = 0
  let done = 0
  for (const { task } of rows) {
    if (task.completed) done += dayOf(Date.parse(task.updatedAt), zone) === today ? 1 : 0
    else if ((factsOf(task, zone).due?.day ?? '~') <= today) open++
  }
  return { open, done }
}
