import type { components } from '@/api/schema'

export type Part = components['schemas']['Part']
export type Lag = components['schemas']['Lag']
export type State = 'ok' | 'bad' | 'unknown'
export type Shown = { name: string; state: State; note: string }

const SERVICES = ['backend-api', 'audit-service', 'notification-service', 'recurring-service', 'websocket-service'] as const
/** The checks that are of a service; the others are of what it depends on. */
const CHECK_OF: Record<string, string> = { 'notification-service': 'reminders' }
const NAMES: Record<string, string> = { startup: 'This process', database: 'Database', kafka: 'Broker', dapr: 'Dapr sidecar', 'dapr subscriptions': 'Dapr subscriptions',
  'relay backend-api': 'Relay of backend-api', 'relay notification-service': 'Relay of notification-service' }

/**
 * How each service and each dependency is, as far as it can be told from here: by the checks of the process
 * that answers, and by who is in the groups at the broker.
 */
export function shownParts(parts: readonly Part[], lag: Lag | undefined): { services: Shown[]; dependencies: Shown[] } {
  const checks = new Map(parts.map((part) => [part.name, part]))
  const services = SERVICES.map((name) => service(name, checks.get(CHECK_OF[name] ?? name), lag))
  const own = new Set<string>(SERVICES.map((name) => CHECK_OF[name] ?? name))
  const dependencies = parts.filter((part) => !own.has(part.name)).map((part) => ({ name: NAMES[part.name] ?? part.name, ...said(part) }))
  return { services, dependencies }
}

function service(name: (typeof SERVICES)[number], check: Part | undefined, lag: Lag | undefined): Shown {
  if (check) return { name, ...said(check) }
  if (name === 'backend-api') return { name, state: 'ok', note: 'It answered this request.' }
  const members = lag?.groups.find((g) => g.group === name)?.members
  if (members === 0) return { name, state: 'bad', note: 'Nobody is in its group: its events wait. Start it, or look at its log.' }
  if (typeof members === 'number') return { name, state: 'ok', note: members === 1 ? '1 instance in its group' : `${members} instances in its group` }
  return { name, state: 'unknown', note: 'It runs elsewhere, where this page can’t look. Ask its /ready.' }
}

function said(part: Part): { state: State; note: string } {
  return part.ok ? { state: 'ok', note: 'Ready' } : { state: 'bad', note: part.error ?? 'Not ready' }
}
