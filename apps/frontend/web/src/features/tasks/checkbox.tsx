import type { Priority } from '@/api'
import { cx } from '@/ui'

const RING: Record<Priority, string> = { high: 'border-high bg-danger-soft', medium: 'border-line-strong', low: 'border-line-strong border-dashed' }

/** The round box that completes a task. Its ring says how important it is; so does its name. */
export function TaskCheckbox({ title, completed, priority, onToggle }: { title: string; completed: boolean; priority: Priority; onToggle(): void }) {
  return (
    <button
      type="button"
      role="checkbox"
      aria-checked={completed}
      aria-label={`${title} (${priority} priority)`}
      // Enter that is held would complete and reopen it again and again.
      onKeyDown={(event) => event.repeat && event.preventDefault()}
      onClick={(event) => {
        event.stopPropagation()
        onToggle()
      }}
      className="group/box relative z-1 -m-2 flex size-9 shrink-0 items-center justify-center rounded-full touch:-m-3 touch:size-11"
    >
      <span className={cx('flex size-5 items-center justify-center rounded-full border-[1.5px] transition-colors duration-150', completed ? 'border-accent bg-accent' : [RING[priority], 'group-hover/box:border-accent group-hover/box:bg-accent-soft'])}>
        <svg viewBox="0 0 12 12" aria-hidden="true" className={cx('size-3 transition-opacity duration-100', completed ? 'text-on-accent opacity-100' : 'text-accent opacity-0 group-hover/box:opacity-100')}>
          <path d="m2.5 6.3 2.4 2.4 4.6-5" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
      </span>
    </button>
  )
}
