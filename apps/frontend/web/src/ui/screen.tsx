import { useEffect, type ReactNode } from 'react'
import { cx } from './cx'

/** The frame of every screen: title, actions, and the content in a column that scrolls. */
export function Screen({ title, subtitle, actions, children, wide = false }: { title: string; subtitle?: ReactNode; actions?: ReactNode; children: ReactNode; wide?: boolean }) {
  useTitle(title)
  return (
    <div className="min-h-0 flex-1 overflow-x-hidden overflow-y-auto">
      <div className={cx('mx-auto flex w-full flex-col px-4 pt-5 pb-24 sm:px-8 desk:pt-2 desk:pb-12', wide ? 'max-w-6xl' : 'max-w-4xl')}>
        <ScreenHeader title={title} subtitle={subtitle} actions={actions} />
        {children}
      </div>
    </div>
  )
}

export function ScreenHeader({ title, subtitle, actions }: { title: string; subtitle?: ReactNode; actions?: ReactNode }) {
  return (
    <header className="mb-5 flex flex-wrap items-end gap-x-4 gap-y-2">
      <div className="min-w-0 flex-1 basis-52">
        <h1 className="user-text text-xl font-semibold tracking-tight desk:text-2xl">{title}</h1>
        {subtitle && <div className="mt-0.5 text-sm text-ink-2">{subtitle}</div>}
      </div>
      {actions && <div className="flex items-center gap-1.5">{actions}</div>}
    </header>
  )
}

/** A part of a screen with a heading. */
export function Section({ title, hint, children }: { title: string; hint?: ReactNode; children: ReactNode }) {
  return (
    <section className="mb-8">
      <h2 className="text-base font-semibold">{title}</h2>
      {hint && <p className="mt-0.5 text-sm text-ink-2">{hint}</p>}
      <div className="mt-3">{children}</div>
    </section>
  )
}

export function Card({ children, className }: { children: ReactNode; className?: string }) {
  return <div className={cx('rounded-lg border border-line bg-surface p-4', className)}>{children}</div>
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Tasktide`
  }, [title])
}
