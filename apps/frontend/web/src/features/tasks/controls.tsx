import { ArrowDownUp, Filter, Search, X } from 'lucide-react'
import { useEffect, useState, type Ref } from 'react'
import { focusContent } from '@/app/focus'
import type { ListSearch } from '@/routes/search'
import { cx, IconButton, Menu, MenuChoice, MenuLabel, MenuLine, useRemoval } from '@/ui'
import { isFiltered, SORTS, sortOf, type ViewName } from './list-model'
import { CATEGORY_LABELS } from './task-meta'

type Props = { view: ViewName; search: ListSearch; tags: string[]; change(next: Partial<Record<keyof ListSearch, string | undefined>>): void; searchRef: Ref<HTMLInputElement> }

const ANY = '*'

/** Search, filter and order of a list; the address has them, so that a list can be kept as a bookmark. */
export function Controls({ view, search, tags, change, searchRef }: Props) {
  const [shown, setShown] = useState(Boolean(search.q))
  const [text, setText] = useState(search.q ?? '')
  const [told, setTold] = useState(search.q)
  // Back and forward change the address under the field.
  if (search.q !== told) {
    setTold(search.q)
    if ((search.q ?? '') !== text.trim()) setText(search.q ?? '')
  }
  useEffect(() => {
    const timer = setTimeout(() => text.trim() !== (search.q ?? '') && change({ q: text.trim() || undefined }), 120)
    return () => clearTimeout(timer)
  }, [text, search.q, change])
  return (
    <div className="flex min-w-0 items-center gap-1">
      <label className={cx('relative flex min-w-0 items-center', shown || text ? '' : 'max-sm:sr-only')}>
        <span className="sr-only">Search</span>
        <Search aria-hidden="true" className="absolute left-2.5 size-4 text-ink-3" />
        <input
          ref={searchRef}
          type="search"
          dir="auto"
          value={text}
          placeholder="Search"
          enterKeyHint="search"
          onFocus={() => setShown(true)}
          onBlur={() => setShown(Boolean(text))}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return
            setText('')
            focusContent()
          }}
          className="h-9 w-36 min-w-0 rounded-md border border-line bg-surface pr-2 pl-8 text-sm transition-[width] duration-150 focus:w-52 max-sm:w-full touch:h-11 [&::-webkit-search-cancel-button]:hidden"
        />
      </label>
      <IconButton
        label="Search"
        keys="/"
        className={cx('sm:hidden', (shown || text) && 'hidden')}
        onClick={(event) => event.currentTarget.parentElement?.querySelector('input')?.focus()}
      >
        <Search className="size-4.5" />
      </IconButton>
      <Menu
        trigger={
          <IconButton label={isFiltered(search) ? 'Filter (in force)' : 'Filter'} className={cx(search.priority || search.category || search.tag ? '!bg-accent-soft !text-accent' : '')}>
            <Filter className="size-4.5" />
          </IconButton>
        }
      >
        <MenuLabel>Priority</MenuLabel>
        <MenuChoice value={search.priority ?? ANY} options={[{ value: ANY, label: 'Any' }, { value: 'high', label: 'High' }, { value: 'medium', label: 'Medium' }, { value: 'low', label: 'Low' }]} onChange={(v) => change({ priority: v === ANY ? undefined : v })} />
        <MenuLine />
        <MenuLabel>Category</MenuLabel>
        <MenuChoice value={search.category ?? ANY} options={[{ value: ANY, label: 'Any' }, ...Object.entries(CATEGORY_LABELS).map(([value, label]) => ({ value, label }))]} onChange={(v) => change({ category: v === ANY ? undefined : v })} />
        {tags.length > 0 && (
          <>
            <MenuLine />
            <MenuLabel>Tag</MenuLabel>
            <MenuChoice value={search.tag ?? ANY} options={[{ value: ANY, label: 'Any' }, ...tags.slice(0, 40).map((tag) => ({ value: tag, label: `#${tag}` }))]} onChange={(v) => change({ tag: v === ANY ? undefined : v })} />
          </>
        )}
      </Menu>
      {view !== 'completed' && (
        <Menu trigger={<IconButton label={`Order: ${SORTS.find((s) => s.value === sortOf(search))?.label}`}><ArrowDownUp className="size-4.5" /></IconButton>}>
          <MenuLabel>Order by</MenuLabel>
          <MenuChoice value={sortOf(search)} options={SORTS} onChange={(sort) => change({ sort: sort === 'due' ? undefined : sort })} />
        </Menu>
      )}
    </div>
  )
}

/** The filters in force, each to be taken back. */
export function ActiveFilters({ search, change, otherwise }: Pick<Props, 'search' | 'change'> & { otherwise(): HTMLElement | null }) {
  const { group, leaving } = useRemoval<HTMLDivElement>(otherwise)
  const active = [
    search.priority && { key: 'priority' as const, label: `${search.priority} priority` },
    search.category && { key: 'category' as const, label: search.category },
    search.tag && { key: 'tag' as const, label: `#${search.tag}` },
  ].filter((f) => f !== undefined && f !== '')
  if (active.length === 0) return null
  return (
    <div ref={group} className="flex flex-wrap gap-1.5">
      {active.map(({ key, label }) => (
        <button key={key} type="button" onClick={(event) => { leaving(event.currentTarget); change({ [key]: undefined }) }} aria-label={`Remove the filter ${label}`} className="inline-flex h-7 max-w-full items-center gap-1 rounded-full bg-accent-soft pr-1.5 pl-2.5 text-xs font-medium text-accent touch:h-9">
          <span className="user-text truncate">{label}</span>
          <X aria-hidden="true" className="size-3.5" />
        </button>
      ))}
    </div>
  )
}
