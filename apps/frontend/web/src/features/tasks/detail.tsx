import { X } from 'lucide-react'
import { lazy, Suspense, useEffect } from 'react'
import type { Row } from '@/store'
import { EmptyState, IconButton, loadDialogs, Sheet, Skeleton } from '@/ui'
import { useMedia } from './use-media'

const panel = () => import('./detail-panel')
const DetailPanel = lazy(() => panel().then((m) => ({ default: m.DetailPanel })))

/** What details are made of is loaded soon after the list, so that they open without a network, too. */
export function useDetailsAhead(loaded: boolean): void {
  useEffect(() => {
    if (!loaded) return
    const timer = setTimeout(() => void Promise.all([panel(), loadDialogs()]).catch(() => undefined), 2_000)
    return () => clearTimeout(timer)
  }, [loaded])
}

/** The details of a task: beside the list where there is room, above it where there is not. */
export function Detail({ row, wanted, loaded, onClose }: { row: Row | undefined; wanted: string | undefined; loaded: boolean; onClose(): void }) {
  const roomy = useMedia('(min-width: 72rem)')
  if (!wanted || !loaded) return null
  const content = row ? (
    <Suspense fallback={<Skeleton />}><DetailPanel key={row.key} row={row} onClose={onClose} /></Suspense>
  ) : (
    <EmptyState title="This task is gone">It was deleted, here or on another device. Its history is in Activity.</EmptyState>
  )
  if (!roomy) return <Sheet open onOpenChange={(open) => !open && onClose()} title="Task">{content}</Sheet>
  return (
    <aside
      aria-label="Task"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented || event.nativeEvent.isComposing) return
        event.preventDefault()
        onClose()
      }}
      className="flex min-h-0 w-[25rem] shrink-0 animate-slide flex-col border-l border-line bg-surface"
    >
      <div className="flex justify-end px-3 pt-2"><IconButton label="Close the details" keys="Esc" size="sm" onClick={onClose}><X className="size-4" /></IconButton></div>
      <div className="-mt-3 min-h-0 flex-1 overflow-y-auto">{content}</div>
    </aside>
  )
}
