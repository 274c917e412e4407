import { Check } from 'lucide-react'
import { DropdownMenu as Radix } from 'radix-ui'
import { useCallback, useState, type ReactNode } from 'react'
import { cx } from './cx'
import { Kbd } from './kbd'

const item =
  'flex min-h-8 select-none items-center gap-2.5 rounded-sm px-2.5 py-1 text-sm outline-none touch:min-h-11 data-[disabled]:opacity-50 data-[highlighted]:bg-sunken'

// Loaded when a menu is opened: see menu.tsx.

/** The part of the page that a menu belongs to: in it, it is where those who can't see it look for it. */
const PARTS = '[role=dialog], section[aria-label], header, aside, nav, main'

/** The rest of the page stays what it is while it is open, for every reader; a press elsewhere closes it. */
export function Menu({ trigger, children, align = 'end' }: { trigger: ReactNode; children: ReactNode; align?: 'start' | 'center' | 'end' }) {
  const [part, setPart] = useState<HTMLElement | null>(null)
  const place = useCallback((button: HTMLElement | null) => setPart(button?.closest<HTMLElement>(PARTS) ?? null), [])
  return (
    <Radix.Root defaultOpen modal={false}>
      <Radix.Trigger asChild ref={place}>{trigger}</Radix.Trigger>
      {part && (
        <Radix.Portal container={part}>
          <Radix.Content
            align={align}
            sideOffset={6}
            collisionPadding={8}
            className="pointer-events-auto z-50 max-h-[var(--radix-dropdown-menu-content-available-height)] max-w-[min(20rem,calc(100vw-1rem))] min-w-48 overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-over data-[state=open]:animate-rise"
          >
            {children}
          </Radix.Content>
        </Radix.Portal>
      )}
    </Radix.Root>
  )
}

export function MenuItem({ onSelect, icon, keys, danger = false, disabled = false, children }: {
  onSelect(): void
  icon?: ReactNode
  keys?: string
  danger?: boolean
  disabled?: boolean
  children: ReactNode
}) {
  return (
    <Radix.Item onSelect={onSelect} disabled={disabled} className={cx(item, danger ? 'text-danger' : 'text-ink')}>
      {icon && <span className={cx('inline-flex [&>svg]:size-4', danger ? '' : 'text-ink-2')}>{icon}</span>}
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {keys && <Kbd keys={keys} />}
    </Radix.Item>
  )
}

/** One of several; the chosen one has a tick. */
export function MenuChoice<T extends string>({ value, options, onChange }: { value: T; options: readonly { value: T; label: string }[]; onChange(value: T): void }) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
      {options.map((option) => (
        <Radix.RadioItem key={option.value} value={option.value} className={item}>
          <span className="min-w-0 flex-1 truncate">{option.label}</span>
          <Radix.ItemIndicator><Check className="size-4 text-accent" /></Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  )
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2.5 pt-2 pb-1 text-xs text-ink-3">{children}</Radix.Label>
}

export function MenuLine() {
  return <Radix.Separator className="my-1 h-px bg-line" />
}
