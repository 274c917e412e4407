import type { ReactNode } from 'react'
import { Wordmark } from '@/app/wordmark'
import { Toaster, useTitle } from '@/ui'

/** What stands around the screens for those who are not signed in. */
export function AuthFrame({ title, subtitle, children }: { title: string; subtitle?: string; children: ReactNode }) {
  useTitle(title)
  return (
    <main className="flex min-h-dvh flex-col items-center px-4 py-[max(1.5rem,10vh)]">
      <div className="mb-8 scale-125"><Wordmark /></div>
      <div className="w-full max-w-sm rounded-xl border border-line bg-surface p-6 shadow-raised">
        <h1 className="text-xl font-semibold">{title}</h1>
        {subtitle && <p className="user-text mt-1 text-sm text-pretty text-ink-2">{subtitle}</p>}
        <div className="mt-5">{children}</div>
      </div>
      <Toaster />
    </main>
  )
}
