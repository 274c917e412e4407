import { CircleAlert, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { errorText } from '@/api/errors'
import { Button } from './button'
import { cx } from './cx'

/** What a screen shows when there is nothing yet: what it is for, and the first step. */
export function EmptyState({ icon, title, children, action, alone = false }: {
  icon?: ReactNode
  title: string
  children?: ReactNode
  action?: ReactNode
  /** There is no heading above it: it is the screen. */
  alone?: boolean
}) {
  const Heading = alone ? 'h1' : 'h2'
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-14 text-center">
      {icon && <div className="mb-2 text-accent [&>svg]:size-10 [&>svg]:stroke-[1.5]">{icon}</div>}
      <Heading className="text-lg font-semibold">{title}</Heading>
      {children && <div className="text-sm text-pretty text-ink-2">{children}</div>}
      {action && <div className="mt-3">{action}</div>}
    </div>
  )
}

/** A note in the flow of a screen. */
export function Note({ tone = 'info', children, action, className }: { tone?: 'info' | 'warn' | 'danger'; children: ReactNode; action?: ReactNode; className?: string }) {
  const Icon = tone === 'info' ? Info : tone === 'warn' ? TriangleAlert : CircleAlert
  return (
    <div
      role={tone === 'danger' ? 'alert' : 'note'}
      className={cx(
        'flex flex-wrap items-center gap-x-3 gap-y-2 rounded-md px-3 py-2 text-sm',
        tone === 'info' ? 'bg-accent-soft' : tone === 'warn' ? 'bg-warn-soft' : 'bg-danger-soft',
        className,
      )}
    >
      <Icon aria-hidden="true" className={cx('size-4 shrink-0', tone === 'info' ? 'text-accent' : tone === 'warn' ? 'text-warn' : 'text-danger')} />
      <div className="min-w-0 flex-1 basis-40 [overflow-wrap:anywhere]">{children}</div>
      {action}
    </div>
  )
}

/** What went wrong while loading, and a way on. */
export function ErrorNote({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Note tone="danger" {...(retry ? { action: <Button size="sm" onClick={retry}>Try again</Button> } : {})}>
      {errorText(error)}
    </Note>
  )
}

/** The shape of what is coming. Appears only after a moment, so that what is fast does not flash. */
export function Skeleton({ lines = 6 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex animate-[appear_200ms_200ms_both] flex-col gap-3 p-4">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className="flex items-center gap-3">
          <div className="size-5 shrink-0 rounded-full bg-sunken" />
          <div className={cx('h-3.5 rounded-sm bg-sunken', ['w-3/5', 'w-2/5', 'w-4/5', 'w-1/2'][index % 4])} />
        </div>
      ))}
    </div>
  )
}

/** A small word with a colour: state, priority, kind. */
export function Badge({ tone = 'plain', children, className }: { tone?: 'plain' | 'accent' | 'danger' | 'warn' | 'ok'; children: ReactNode; className?: string }) {
  const tones = { plain: 'bg-sunken text-ink-2', accent: 'bg-accent-soft text-accent', danger: 'bg-danger-soft text-danger', warn: 'bg-warn-soft text-warn', ok: 'bg-ok-soft text-ok' }
  return <span className={cx('num inline-flex max-w-full items-center gap-1 rounded-sm px-1.5 text-xs leading-5 font-medium', tones[tone], className)}>{children}</span>
}
