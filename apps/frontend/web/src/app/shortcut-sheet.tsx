import { Dialog, Kbd } from '@/ui'
import { activeShortcuts } from './shortcuts'

const GROUPS = ['Tasks', 'Go to', 'Anywhere'] as const

/** What every key does here. */
export function ShortcutSheet({ open, onOpenChange }: { open: boolean; onOpenChange(open: boolean): void }) {
  const all = open ? activeShortcuts() : []
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts" description="Keys work when no field has the focus." wide>
      <div className="grid gap-x-10 gap-y-6 sm:grid-cols-2">
        {GROUPS.map((group) => {
          const shortcuts = all.filter((s) => s.group === group && s.label)
          return shortcuts.length === 0 ? null : (
            <section key={group}>
              <h3 className="mb-1 text-xs font-semibold text-ink-3">{group}</h3>
              <dl>
                {shortcuts.map((s) => (
                  <div key={s.keys} className="flex items-center justify-between gap-3 border-b border-line py-1.5 text-sm last:border-0">
                    <dt>{s.label}</dt>
                    <dd><Kbd keys={s.keys} /></dd>
                  </div>
                ))}
              </dl>
            </section>
          )
        })}
      </div>
    </Dialog>
  )
}
