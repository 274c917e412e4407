import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { Menu as MenuIcon, Plus } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import { Bell } from '@/features/notifications/bell'
import { useOpenToday } from '@/features/tasks/use-tasks'
import { Button, cx, dismissAll, IconButton, Sheet, Toaster } from '@/ui'
import { ConnectionDot } from './connection-dot'
import { useFocusKept } from './focus'
import { MORE, NAV, type NavItem } from './nav'
import { Notices } from './notices'
import { usePreferencesInForce } from './preferences'
import { useUser } from './scope'
import { useShortcutKeys, useShortcuts } from './shortcuts'
import { UserMenu } from './user-menu'
import { Wordmark } from './wordmark'

const ShortcutSheet = lazy(() => import('./shortcut-sheet').then((m) => ({ default: m.ShortcutSheet })))

/** What stands around every screen: sidebar on a desk, bottom bar on a phone, the header above. */
export function Shell() {
  usePreferencesInForce()
  useFocusKept()
  const [keys, setKeys] = useState(false)
  useGlobalKeys(() => setKeys(true))
  useEffect(() => dismissAll, [])
  return (
    <div className="flex h-dvh flex-col desk:flex-row">
      <a href="#main" className="sr-only z-60 rounded-md bg-raised px-3 py-2 shadow-over focus:not-sr-only focus:fixed focus:top-2 focus:left-2">Skip to content</a>
      <Sidebar />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <header className="flex h-13 shrink-0 items-center gap-1 border-b border-line px-2 pt-[env(safe-area-inset-top)] desk:border-0 desk:px-4">
          <div className="flex-1 pl-2 desk:invisible"><Wordmark /></div>
          <ConnectionDot />
          <Bell />
          <UserMenu onShortcuts={() => setKeys(true)} />
        </header>
        <Notices />
        <main id="main" tabIndex={-1} className="relative flex min-h-0 flex-1 flex-col focus:outline-none"><Outlet /></main>
        <BottomBar />
      </div>
      {keys && <Suspense><ShortcutSheet open onOpenChange={setKeys} /></Suspense>}
      <Toaster />
    </div>
  )
}

function useVisible(items: readonly NavItem[]): NavItem[] {
  const { scope } = useUser()
  return items.filter((item) => !item.scope || scope.includes(item.scope))
}

function Sidebar() {
  return (
    <nav aria-label="Main" className="hidden w-60 shrink-0 flex-col gap-0.5 overflow-y-auto border-r border-line bg-sunken px-3 py-4 desk:flex">
      <div className="mb-4 px-2"><Wordmark /></div>
      <AddButton />
      {useVisible(NAV).map((item) => <SideLink key={item.to} {...item} />)}
      <div className="my-3 h-px shrink-0 bg-line" />
      {useVisible(MORE).map((item) => <SideLink key={item.to} {...item} />)}
    </nav>
  )
}

/** Where there is a line to add a task. */
const ADDING = new Set(['/today', '/upcoming', '/tasks'])

function AddButton() {
  const navigate = useNavigate()
  const here = useRouterState({ select: (s) => ADDING.has(s.location.pathname) })
  const add = () => void (here ? navigate({ to: '.', search: (s) => ({ ...s, add: true }) }) : navigate({ to: '/tasks', search: { add: true } }))
  return (
    <Button look="primary" className="mb-4 w-full" onClick={add}>
      <Plus aria-hidden="true" className="size-4" />Add a task
    </Button>
  )
}

function SideLink({ to, label, icon: Icon }: NavItem) {
  const count = useOpenToday()
  return (
    <Link
      to={to}
      className="flex h-9 items-center gap-3 rounded-md px-2.5 text-sm text-ink-2 transition-colors duration-100 hover:bg-line/60 hover:text-ink touch:h-11"
      activeProps={{ className: 'bg-raised !text-ink font-medium shadow-raised', 'aria-current': 'page' }}
    >
      <Icon aria-hidden="true" className="size-4.5 shrink-0" />
      <span className="flex-1 truncate">{label}</span>
      {to === '/today' && count > 0 && <span className="num text-xs text-ink-3"><span className="sr-only">, </span>{count}</span>}
    </Link>
  )
}

function BottomBar() {
  const [more, setMore] = useState(false)
  const rest = useVisible(MORE)
  return (
    <nav aria-label="Main" className="flex shrink-0 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] desk:hidden">
      {NAV.slice(0, 3).map((item) => <BarLink key={item.to} {...item} />)}
      <IconButton label="More" className="!h-14 flex-1 flex-col gap-0.5 rounded-none text-2xs" onClick={() => setMore(true)}>
        <MenuIcon aria-hidden="true" className="size-5" /><span aria-hidden="true">More</span>
      </IconButton>
      <Sheet open={more} onOpenChange={setMore} title="More">
        <div className="flex flex-col p-3" onClick={() => setMore(false)}>
          {[...NAV.slice(3), ...rest].map((item) => <SideLink key={item.to} {...item} />)}
        </div>
      </Sheet>
    </nav>
  )
}

function BarLink({ to, label, icon: Icon }: NavItem) {
  return (
    <Link
      to={to}
      className={cx('flex h-14 min-w-0 flex-1 flex-col items-center justify-center gap-0.5 text-2xs text-ink-2')}
      activeProps={{ className: '!text-accent font-semibold', 'aria-current': 'page' }}
    >
      <Icon aria-hidden="true" className="size-5" /><span className="max-w-full truncate px-1">{label}</span>
    </Link>
  )
}

function useGlobalKeys(showKeys: () => void): void {
  const navigate = useNavigate()
  const { scope } = useUser()
  const go = [...NAV, ...MORE].filter((item) => !item.scope || scope.includes(item.scope))
  useShortcutKeys()
  useShortcuts([
    ...go.map((item) => ({ keys: item.keys, label: item.label, group: 'Go to' as const, run: () => void navigate({ to: item.to }) })),
    { keys: 'g n', label: 'Notifications', group: 'Go to', run: () => void navigate({ to: '/notifications' }) },
    { keys: 'g s', label: 'Settings', group: 'Go to', run: () => void navigate({ to: '/settings' }) },
    { keys: '?', label: 'Show these keys', group: 'Anywhere', run: showKeys },
  ])
}
