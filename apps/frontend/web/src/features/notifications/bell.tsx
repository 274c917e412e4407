import { Link } from '@tanstack/react-router'
import { Bell as BellIcon } from 'lucide-react'

/** In the header, on every screen. */
export function Bell() {
  return (
    <Link to="/notifications" aria-label="Notifications" className="inline-flex size-9 items-center justify-center rounded-md text-ink-2 hover:bg-sunken hover:text-ink touch:size-11">
      <BellIcon aria-hidden="true" className="size-4.5" />
    </Link>
  )
}
