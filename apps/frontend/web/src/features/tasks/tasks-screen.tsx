import { useNavigate, useSearch } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { isStuck, StuckNote } from '@/app/notices'
import { useZone } from '@/app/preferences'
import { useScope, useUser } from '@/app/scope'
import { useShortcuts } from '@/app/shortcuts'
import type { ListSearch } from '@/routes/search'
import { draftKey, writeDraft } from '@/store/drafts'
import { format, useNow, useToday } from '@/time'
import { Button, ErrorNote, Sheet, Skeleton, useTitle } from '@/ui'
import { ActionsProvider, useActions } from './actions'
import { AddLine } from './add-line'
import { ActiveFilters, Controls } from './controls'
import { Detail, useDetailsAhead } from './detail'
import { Empty } from './empty'
import { isFiltered, itemsOf, tagsOf, todayCounts, type ViewName } from './list-model'
import { TaskList, type ListHandle } from './task-list'
import { Tide } from './tide'
import { useMedia } from './use-media'
import { useTasks } from './use-tasks'

const TITLES: Record<ViewName, string> = { today: 'Today', upcoming: 'Upcoming', all: 'All tasks', completed: 'Completed' }

export function TasksScreen({ view }: { view: ViewName }) {
  return <ActionsProvider><List view={view} /></ActionsProvider>
}

function List({ view }: { view: ViewName }) {
  const { tasks, live } = useScope()
  const user = useUser()
  const { loaded, error, rows, byKey } = useTasks()
  const search: ListSearch = useSearch({ strict: false })
  const navigate = useNavigate()
  const zone = useZone()
  const today = useToday(zone)
  const now = useNow()
  const { lingering: completed, toggle, remove } = useActions()
  const desk = useMedia('(min-width: 56rem)')
  const [editing, setEditing] = useState<string>()
  const [line, setLine] = useState(0)
  const addLine = useRef<HTMLInputElement>(null)
  const searchField = useRef<HTMLInputElement>(null)
  const list = useRef<ListHandle>(null)
  useTitle(TITLES[view])
  useDetailsAhead(loaded)

  // What is edited stays where it is, also when another device completes it.
  const lingering = useMemo(() => (editing ? new Set([...completed, editing]) : completed), [completed, editing])
  const items = useMemo(() => itemsOf(rows, { view, search, zone, today, now, lingering }), [rows, view, search, zone, today, now, lingering])
  const counts = useMemo(() => todayCounts(rows, zone, today), [rows, zone, today])
  const tags = useMemo(() => tagsOf(rows), [rows])

  const change = useCallback((next: Partial<ListSearch> | Record<string, unknown>) => void navigate({ to: '.', replace: true, search: (before: ListSearch) => cleaned({ ...before, ...next }) }), [navigate])
  const open = useCallback((key: string | undefined) => change({ task: key && (byKey.get(key)?.task.id ?? key) }), [change, byKey])
  const openRow = search.task ? (byKey.get(search.task) ?? rows.find((row) => row.task.id === search.task)) : undefined
  const stuck = useMemo(() => {
    const shown = new Set(items.map((item) => item.key))
    return rows.find((r) => isStuck(r) && r.key !== openRow?.key && !shown.has(r.key))
  }, [rows, items, openRow?.key])
  const on = useMemo(() => ({ open, edit: setEditing, toggle, remove }), [open, toggle, remove])

  // "Add a task" of the sidebar, of the bar on a phone, of the installed page's shortcut.
  useEffect(() => {
    if (search.add && desk) {
      addLine.current?.focus()
      change({ add: undefined })
    }
  }, [search.add, desk, change])

  // When the details close, the focus comes back to their row.
  const looked = useRef<string>(undefined)
  useEffect(() => {
    if (search.task) looked.current = openRow?.key ?? looked.current
    else if (looked.current) {
      const key = looked.current
      looked.current = undefined
      if (document.activeElement === document.body && !list.current?.focus(key)) document.getElementById('main')?.focus()
    }
  }, [search.task, openRow?.key])

  const row = () => byKey.get(list.current?.current() ?? '')
  // Keys that have another meaning elsewhere: only where the person is.
  const focusedRow = () => (document.activeElement?.closest('[data-key]') ? row() : undefined)
  const focusAdd = () => (desk ? addLine.current?.focus() : change({ add: true }))
  useShortcuts([
    { keys: 'n', label: 'Add a task (or a)', group: 'Tasks', run: focusAdd },
    { keys: 'a', group: 'Tasks', run: focusAdd },
    { keys: 'j', label: 'Next task', group: 'Tasks', repeats: true, run: () => list.current?.move(1) },
    { keys: 'k', label: 'Previous task', group: 'Tasks', repeats: true, run: () => list.current?.move(-1) },
    { keys: 'x', label: 'Complete or reopen', group: 'Tasks', run: () => withRow(row(), toggle) },
    { keys: 'e', label: 'Edit the title', group: 'Tasks', run: () => withRow(row(), (r) => setEditing(r.key)) },
    { keys: 'o', label: 'Open the details (or Enter)', group: 'Tasks', run: () => withRow(row(), (r) => open(r.key)) },
    { keys: 'Delete', label: 'Delete (or Backspace, or #)', group: 'Tasks', run: () => withRow(focusedRow(), remove) },
    { keys: 'Backspace', group: 'Tasks', run: () => withRow(focusedRow(), remove) },
    { keys: '#', group: 'Tasks', run: () => withRow(row(), remove) },
    { keys: '1', label: 'High priority', group: 'Tasks', run: () => withRow(row(), (r) => tasks.update(r.key, { priority: 'high' })) },
    { keys: '2', label: 'Medium priority', group: 'Tasks', run: () => withRow(row(), (r) => tasks.update(r.key, { priority: 'medium' })) },
    { keys: '3', label: 'Low priority', group: 'Tasks', run: () => withRow(row(), (r) => tasks.update(r.key, { priority: 'low' })) },
    { keys: '/', label: 'Search', group: 'Tasks', run: () => searchField.current?.focus() },
    { keys: 'Escape', label: 'Close the details', group: 'Tasks', run: () => search.task && open(undefined) },
  ])

  const defaults = useMemo(
    () => ({ due: view === 'today' ? { day: today } : undefined, category: search.category as never }),
    [view, today, search.category],
  )
  const tryLine = (text: string) => {
    writeDraft(draftKey(user.id, 'add'), text)
    setLine((n) => n + 1)
    if (!desk) change({ add: true })
  }
  const closeEditing = (key: string | undefined) => {
    setEditing(key)
    if (key === undefined && editing) list.current?.focus(editing)
  }
  return (
    <div className="flex min-h-0 flex-1">
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <div className="mx-auto w-full max-w-4xl px-4 pt-3 sm:px-8 desk:pt-2">
          <header className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-2 desk:mb-4">
            <div className="min-w-0 flex-1">
              <h1 className="text-xl font-semibold tracking-tight desk:text-2xl">{TITLES[view]}</h1>
              {view === 'today' && (
                <div className="flex flex-wrap items-center gap-x-4 text-sm text-ink-2">
                  <span>{format(now, zone, { weekday: 'long', day: 'numeric', month: 'long' })}</span>
                  <Tide {...counts} />
                </div>
              )}
            </div>
            <Controls view={view} search={search} tags={tags} change={change} searchRef={searchField} />
          </header>
          {view !== 'completed' && desk && <AddLine key={line} ref={addLine} defaults={defaults} autoFocus={line > 0} />}
          {stuck && <div className="mt-3"><StuckNote row={stuck} /></div>}
          <div className="mt-3 empty:hidden"><ActiveFilters search={search} change={change} otherwise={() => searchField.current} /></div>
        </div>
        {!loaded && (error ? <div className="mx-auto w-full max-w-4xl p-6"><ErrorNote error={error} retry={live.hurry} /></div> : <div className="mx-auto w-full max-w-4xl"><Skeleton /></div>)}
        {loaded && items.length === 0 && (
          <div className="min-h-0 flex-1 overflow-y-auto pb-24">
            <Empty view={view} filtered={isFiltered(search)} fresh={rows.length === 0} doneToday={counts.done} clear={() => change({ q: undefined, priority: undefined, category: undefined, tag: undefined })} add={tryLine} />
          </div>
        )}
        {items.length > 0 && (
          <TaskList ref={list} label={TITLES[view]} items={items} today={today} open={openRow?.key} editing={editing} on={{ ...on, edit: closeEditing }} />
        )}
      </div>
      <Detail row={openRow} wanted={search.task} loaded={loaded} onClose={() => open(undefined)} />
      {!desk && view !== 'completed' && <AddButton onPress={() => change({ add: true })} />}
      <Sheet open={!desk && search.add === true} onOpenChange={(is) => !is && change({ add: undefined })} title="Add a task">
        <div className="p-4"><AddLine defaults={defaults} autoFocus onAdded={() => change({ add: undefined })} /></div>
      </Sheet>
    </div>
  )
}

function withRow<T>(row: T | undefined, run: (row: T) => void): void {
  if (row) run(row)
}

function cleaned(search: Record<string, unknown>): ListSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== '')) as ListSearch
}

function AddButton({ onPress }: { onPress(): void }) {
  return (
    <Button look="primary" aria-label="Add a task" onClick={onPress} className="fixed right-4 bottom-[calc(4.5rem+env(safe-area-inset-bottom))] z-20 !size-14 !rounded-full !p-0 shadow-over desk:hidden">
      <Plus aria-hidden="true" className="size-6" />
    </Button>
  )
}
