import { useEffect, useMemo, useState } from 'react'
import { now } from '@/time'
import type { Context, Understood } from './understand'

type Module = typeof import('./understand')

let loaded: Module | undefined
let loading: Promise<Module> | undefined

/** Loads what understands dates: when a line gets the focus, not before. */
export function loadUnderstanding(): Promise<Module> {
  loading ??= import('./understand').then(
    (module) => (loaded = module),
    (error: unknown) => {
      loading = undefined
      throw error
    },
  )
  return loading
}

let dayComesFirst: boolean | undefined

/** Whether 1/12 is in December: as the person's locale writes dates. */
function dayFirst(): boolean {
  const parts = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'numeric' }).formatToParts(0)
  return (dayComesFirst ??= parts.findIndex((p) => p.type === 'day') < parts.findIndex((p) => p.type === 'month'))
}

export function contextOf(zone: string, refused: ReadonlySet<string>): Context {
  return { now: now(), zone, refused, dayFirst: dayFirst() }
}

/** What a line means so far; undefined until the part that understands it is there. */
export function useUnderstood(line: string, zone: string, refused: ReadonlySet<string>): Understood | undefined {
  const [module, setModule] = useState(loaded)
  useEffect(() => {
    if (!module && line) loadUnderstanding().then(setModule, () => undefined)
  }, [module, line])
  return useMemo(() => module?.understand(line, contextOf(zone, refused)), [module, line, zone, refused])
}
