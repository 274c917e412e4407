import { useNavigate } from '@tanstack/react-router'
import { Keyboard, LogOut, Settings } from 'lucide-react'
import { useState } from 'react'
import { errorText, signOut } from '@/api'
import { hasDrafts } from '@/store/drafts'
import { Confirm, IconButton, Menu, MenuChoice, MenuItem, MenuLabel, MenuLine, toast } from '@/ui'
import { usePreferences, useSavePreferences } from './preferences'
import { useScope } from './scope'
import type { Theme } from './theme'

export const THEMES = [
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
  { value: 'system', label: 'Same as the system' },
] as const

export function UserMenu({ onShortcuts }: { onShortcuts(): void }) {
  const { user, tasks } = useScope()
  const navigate = useNavigate()
  const { theme } = usePreferences()
  const save = useSavePreferences()
  const [asking, setAsking] = useState(false)

  async function leave(): Promise<void> {
    try {
      await signOut()
    } catch (error) {
      toast({ tone: 'danger', text: 'You are still signed in.', detail: errorText(error) })
    }
  }
  function ask(): void {
    const { waiting, stuck } = tasks.snapshot()
    if (waiting + stuck > 0 || hasDrafts(user.id)) setAsking(true)
    else void leave()
  }
  function choose(next: Theme): void {
    save.mutate({ theme: next }, { onError: (error) => toast({ tone: 'danger', text: 'The theme is not changed.', detail: errorText(error) }) })
  }
  return (
    <>
      <Menu
        trigger={
          <IconButton label={`Account of ${user.name || user.email}`}>
            <span aria-hidden="true" className="flex size-7 items-center justify-center rounded-full bg-accent-soft text-xs font-semibold text-accent">{initial(user.name || user.email)}</span>
          </IconButton>
        }
      >
        <div className="max-w-60 px-2.5 py-1.5">
          <div className="user-text truncate text-sm font-medium">{user.name}</div>
          <div className="truncate text-xs text-ink-3">{user.email}</div>
        </div>
        <MenuLine />
        <MenuItem icon={<Settings />} keys="g s" onSelect={() => void navigate({ to: '/settings' })}>Settings</MenuItem>
        <MenuItem icon={<Keyboard />} keys="?" onSelect={onShortcuts}>Keyboard shortcuts</MenuItem>
        <MenuLine />
        <MenuLabel>Theme</MenuLabel>
        <MenuChoice value={theme} options={THEMES} onChange={choose} />
        <MenuLine />
        <MenuItem icon={<LogOut />} onSelect={ask}>Sign out</MenuItem>
      </Menu>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Sign out and lose what was not sent?"
        description="Some of what you did or typed has not reached the server yet. Signing out removes it from this browser."
        action="Sign out"
        onConfirm={() => void leave()}
      />
    </>
  )
}

function initial(name: string): string {
  return [...new Intl.Segmenter().segment(name.trim())][0]?.segment.toUpperCase() ?? '?'
}
