import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { api, ok, rememberedUser, type Preferences } from '@/api'
import { browserZone, isZone } from '@/time'
import { useUser } from './scope'
import { rememberedTheme, showTheme, type Theme } from './theme'

type Choice = { timeZone?: string; theme?: Theme }

const key = (user: string) => ['preferences', user] as const
const stored = (user: string) => `tasktide:zone:${encodeURIComponent(user)}`

function usePreferencesQuery() {
  const user = useUser().id
  return useQuery({
    queryKey: key(user),
    queryFn: () => ok(api.GET('/api/{user_id}/preferences', { params: { path: { user_id: user } } })),
    staleTime: 300_000,
  })
}

/** The user's preferences, as last known also without a network. */
export function usePreferences(): { timeZone: string; theme: Theme } {
  const user = useUser().id
  const { data } = usePreferencesQuery()
  if (data?.updatedAt) return { timeZone: isZone(data.timeZone) ? data.timeZone : 'UTC', theme: data.theme }
  return { timeZone: rememberedZone(user) ?? browserZone(), theme: rememberedTheme() }
}

/** The zone in which the user's days begin and end. */
export function useZone(): string {
  return usePreferences().timeZone
}

/** Saves a choice. It shows at once; should the server refuse, what was there before comes back. */
export function useSavePreferences() {
  const user = useUser().id
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (choice: Choice) => ok(api.PUT('/api/{user_id}/preferences', { params: { path: { user_id: user } }, body: choice })),
    onMutate: (choice) => {
      const before = queries.getQueryData<Preferences>(key(user))
      if (choice.theme) showTheme(choice.theme)
      if (before) queries.setQueryData<Preferences>(key(user), { ...before, ...choice })
      return before
    },
    onError: (_error, _choice, before) => {
      if (before) queries.setQueryData(key(user), before)
      if (before) showTheme(before.theme)
    },
    onSuccess: (saved) => queries.setQueryData(key(user), saved),
  })
}

/** Once, in the shell: shows the theme of the preferences; who never chose a zone gets the browser's. */
export function usePreferencesInForce(): void {
  const user = useUser().id
  const { data } = usePreferencesQuery()
  const { mutate } = useSavePreferences()
  useEffect(() => {
    if (!data) return
    if (data.updatedAt === null) return mutate({ timeZone: browserZone(), theme: rememberedTheme() })
    showTheme(data.theme)
    rememberZone(user, data.timeZone)
  }, [data, mutate, user])
}

function rememberedZone(user: string): string | undefined {
  try {
    const zone = localStorage.getItem(stored(user))
    return zone && isZone(zone) ? zone : undefined
  } catch {
    return undefined
  }
}

function rememberZone(user: string, zone: string): void {
  try {
    if (rememberedUser()?.id === user) localStorage.setItem(stored(user), zone)
  } catch {
    // The next visit without a network takes the browser's zone.
  }
}
