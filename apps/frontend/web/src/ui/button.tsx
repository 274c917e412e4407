import type { ComponentProps, ReactNode } from 'react'
import { cx } from './cx'
import { Tooltip } from './tooltip'

type Look = 'primary' | 'plain' | 'quiet' | 'danger'

const base =
  'inline-flex select-none items-center justify-center gap-2 rounded-md font-medium whitespace-nowrap transition-colors duration-100 disabled:opacity-55 aria-disabled:opacity-55'

const looks: Record<Look, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong active:bg-accent-strong',
  plain: 'border border-line bg-surface text-ink hover:bg-sunken active:bg-sunken',
  quiet: 'text-ink-2 hover:bg-sunken hover:text-ink active:bg-sunken',
  danger: 'bg-danger text-on-danger hover:brightness-95 active:brightness-90',
}

export type ButtonProps = ComponentProps<'button'> & {
  look?: Look
  size?: 'sm' | 'md'
  /** Something is under way: the button stays where it is, and takes no second click. */
  busy?: boolean
}

export function Button({ look = 'plain', size = 'md', busy = false, className, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={cx(base, looks[look], size === 'md' ? 'h-9 px-3.5 text-sm touch:h-11' : 'h-7 px-2.5 text-xs touch:h-9', className)}
    >
      {busy && <Spinner />}
      {children}
    </button>
  )
}

export type IconButtonProps = Omit<ComponentProps<'button'>, 'aria-label'> & {
  /** What it does: its name for those who can't see it, its tooltip for those who can. */
  label: string
  /** The keys that do the same, for the tooltip. */
  keys?: string
  size?: 'sm' | 'md'
  children: ReactNode
}

export function IconButton({ label, keys, size = 'md', className, children, ...rest }: IconButtonProps) {
  return (
    <Tooltip label={label} {...(keys ? { keys } : {})}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={cx(
          'inline-flex shrink-0 items-center justify-center rounded-md text-ink-2 transition-colors duration-100 hover:bg-sunken hover:text-ink disabled:opacity-50 data-[state=open]:bg-sunken',
          size === 'md' ? 'size-9 touch:size-11' : 'size-7 touch:size-9',
          className,
        )}
      >
        {children}
      </button>
    </Tooltip>
  )
}

export function Spinner({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 16 16" className={cx('size-4 animate-spin motion-reduce:animate-none', className)} aria-hidden="true">
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeOpacity="0.25" strokeWidth="2" />
      <path d="M8 2a6 6 0 0 1 6 6" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
    </svg>
  )
}
