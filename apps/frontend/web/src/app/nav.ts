import { Activity, CalendarDays, CircleCheckBig, Layers, ServerCog, Sunrise, type LucideIcon } from 'lucide-react'

export type NavItem = { to: '/today' | '/upcoming' | '/tasks' | '/completed' | '/activity' | '/operator'; label: string; icon: LucideIcon; keys: string; scope?: string }

/** Where the sidebar, the bottom bar and the keys lead. */
export const NAV: readonly NavItem[] = [
  { to: '/today', label: 'Today', icon: Sunrise, keys: 'g t' },
  { to: '/upcoming', label: 'Upcoming', icon: CalendarDays, keys: 'g u' },
  { to: '/tasks', label: 'All tasks', icon: Layers, keys: 'g l' },
  { to: '/completed', label: 'Completed', icon: CircleCheckBig, keys: 'g c' },
]

export const MORE: readonly NavItem[] = [
  { to: '/activity', label: 'Activity', icon: Activity, keys: 'g a' },
  { to: '/operator', label: 'Operator', icon: ServerCog, keys: 'g o', scope: 'operator' },
]
