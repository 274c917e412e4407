import { Link } from '@tanstack/react-router'
import { Bell as BellIcon } from 'lucide-react'
import { lazy, Suspense, useEffect } from 'react'
import { Tooltip } from '@/ui'
import { countText } from './changes'
import { MOST, useArrivals, useUnread } from './use-notifications'

const Reminders = lazy(() => import('./reminders').then((m) => ({ default: m.Reminders })))

/** In the header, on every screen: how many notifications were not read, and the reminders as they come. */
export function Bell() {
  useArrivals()
  const count = useUnread().data?.length ?? 0
  useEffect(() => showOnIcon(count), [count])
  const name = count === 0 ? 'Notifications' : count === 1 ? '1 unread notification' : `${countText(count, MOST)} unread notifications`
  return (
    <>
      <Tooltip label={name} keys="g n">
        <Link to="/notifications" aria-label={name} className="relative inline-flex size-9 items-center justify-center rounded-md text-ink-2 hover:bg-sunken hover:text-ink touch:size-11">
          <BellIcon aria-hidden="true" className="size-4.5" />
          {count > 0 && (
            <span aria-hidden="true" className="num absolute top-0.5 right-0 min-w-4 rounded-full bg-danger px-1 text-center text-2xs leading-4 font-semibold text-on-danger">{countText(count, MOST)}</span>
          )}
        </Link>
      </Tooltip>
      <Suspense><Reminders /></Suspense>
    </>
  )
}

/** On the icon of the installed page, where the system has such a thing. */
function showOnIcon(count: number): void {
  if (!('setAppBadge' in navigator)) return
  navigator.setAppBadge(count).catch(() => undefined)
}
