/** What the address of a list says: what is looked for, how it is sorted, which task is open. */
export type ListSearch = { q?: string; priority?: string; category?: string; tag?: string; sort?: string; task?: string; add?: boolean }

export function listSearch(raw: Record<string, unknown>): ListSearch {
  const search: ListSearch = {}
  for (const name of ['q', 'priority', 'category', 'tag', 'sort', 'task'] as const) {
    const value = raw[name]
    if (typeof value === 'string' && value) search[name] = value
    // The router reads ?q=2026 as a number.
    else if (typeof value === 'number' || typeof value === 'boolean') search[name] = String(value)
  }
  if (raw['add'] === true || raw['add'] === 1) search.add = true
  return search
}

/** Where to go after signing in: a path of this page, never another origin. */
export function returnTo(raw: unknown): string | undefined {
  return typeof raw === 'string' && /^\/(?![/\\])/.test(raw) ? raw : undefined
}
