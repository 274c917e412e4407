import type { ReactNode } from 'react'
import { Wordmark } from '@/app/wordmark'
import { useTitle } from '@/ui'

/** What stands around the screens for those who are not signed in. */
export function AuthFrame({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title)
  return (
    <main className="flex min-h-dvh flex-col items-center px-5 py-[max(2rem,12vh)]">
      <div className="mb-8 scale-125"><Wordmark /></div>
      <div className="w-full max-w-sm rounded-xl border border-line bg-surface p-6 shadow-raised">
        <h1 className="mb-4 text-xl font-semibold">{title}</h1>
        {children}
      </div>
    </main>
  )
}
