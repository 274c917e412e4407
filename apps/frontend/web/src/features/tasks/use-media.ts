import { useSyncExternalStore } from 'react'

const queries = new Map<string, MediaQueryList>()

function list(query: string): MediaQueryList {
  let known = queries.get(query)
  if (!known) {
    known = window.matchMedia(query)
    queries.set(query, known)
  }
  return known
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      list(query).addEventListener('change', listener)
      return () => list(query).removeEventListener('change', listener)
    },
    () => list(query).matches,
  )
}
