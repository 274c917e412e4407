import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, ok, okWithResponse } from '@/api'
import { now } from '@/time'
import { nextCursor } from './bytes'
import { withSample, type Sample } from './series'

const EVERY_MS = 5000
const KEEP_MS = 30 * 60_000

/** A reading that took long is not repeated so soon: some count every row. */
function pace(query: { state: { data: { tookMs: number } | undefined } }): number {
  return Math.max(EVERY_MS, 10 * (query.state.data?.tookMs ?? 0))
}

/** Reads again and again while the screen is looked at, and keeps what was read for its chart. */
function useReadings<T>(name: string, read: () => Promise<T>, count: (answer: T) => Record<string, number>) {
  const queries = useQueryClient()
  const key = ['operator', name]
  return useQuery({
    queryKey: key,
    queryFn: async () => {
      const began = performance.now()
      const answer = await read()
      const before = queries.getQueryData<{ samples: Sample[] }>(key)?.samples ?? []
      return { answer, samples: withSample(before, { at: now(), counts: count(answer) }), tookMs: performance.now() - began }
    },
    refetchInterval: pace,
    gcTime: KEEP_MS,
    structuralSharing: false,
    staleTime: EVERY_MS,
  })
}

export function useTopics() {
  return useReadings('topics', () => ok(api.GET('/api/operator/topics')), ({ topics }) => Object.fromEntries(topics.map((t) => [t.topic, t.taken])))
}

export function useOutbox() {
  return useReadings('outbox', () => ok(api.GET('/api/operator/outbox')), (shards) => ({ pending: sum(shards.map((s) => s.pending)) }))
}

export function useLag() {
  return useReadings('lag', () => ok(api.GET('/api/operator/lag')), ({ groups }) => {
    const behind: Record<string, number> = {}
    for (const g of groups) behind[g.group] = (behind[g.group] ?? 0) + g.behind
    return behind
  })
}

export function useParts() {
  return useReadings('health', () => ok(api.GET('/api/operator/health')), () => ({}))
}

function sum(numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}

export type Filter = { topic?: string; group?: string; user?: string; error?: string; since?: string }

/** Dead letters that match, newest failure first. */
export function useLetters(filter: Filter) {
  return useInfiniteQuery({
    queryKey: ['operator', 'letters', filter],
    initialPageParam: '',
    queryFn: async ({ pageParam }) => {
      const { data, response } = await okWithResponse(api.GET('/api/operator/dead-letters', { params: { query: { ...filter, ...(pageParam ? { cursor: pageParam } : {}) } } }))
      return { letters: data, next: nextCursor(response.headers.get('link')) }
    },
    getNextPageParam: (page) => page.next,
    refetchInterval: 15_000,
  })
}

export function useLetter(id: string | undefined) {
  return useQuery({
    queryKey: ['operator', 'letter', id],
    enabled: id !== undefined,
    queryFn: () => ok(api.GET('/api/operator/dead-letters/{letter_id}', { params: { path: { letter_id: id ?? '' } } })),
    staleTime: 0,
  })
}

export type Act = 'redrive' | 'discard'

/** Redrives or discards one letter, or all that match; `dry` only counts. */
export function act(what: Act, which: { id: string } | Filter, dry = false): Promise<{ count: number }> {
  const dryRun = dry ? { dry_run: true } : {}
  if ('id' in which) {
    const params = { path: { letter_id: which.id }, query: dryRun }
    return what === 'redrive' ? ok(api.POST('/api/operator/dead-letters/{letter_id}/redrive', { params })) : ok(api.DELETE('/api/operator/dead-letters/{letter_id}', { params }))
  }
  const params = { query: { ...which, ...dryRun, ...(Object.keys(which).length === 0 ? { all: true } : {}) } }
  return what === 'redrive' ? ok(api.POST('/api/operator/dead-letters/redrive', { params })) : ok(api.POST('/api/operator/dead-letters/discard', { params }))
}

export function useAct(done: (what: Act, count: number) => void) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ what, which }: { what: Act; which: { id: string } | Filter }) => act(what, which),
    onSuccess: ({ count }, { what }) => {
      void queries.invalidateQueries({ queryKey: ['operator', 'letters'] })
      void queries.invalidateQueries({ queryKey: ['operator', 'letter'] })
      done(what, count)
    },
  })
}
