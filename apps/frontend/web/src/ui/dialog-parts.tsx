import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { Button, IconButton, type ButtonProps } from './button'
import { cx } from './cx'

// Loaded when a dialog is opened: see dialog.tsx.

/** The focus goes to what asks for it (autoFocus), else to the panel itself: not to the button that closes it. */
function focusPanel(event: Event): void {
  const panel = event.currentTarget as HTMLElement
  event.preventDefault()
  if (!panel.contains(document.activeElement)) panel.focus()
}

/** The focus goes back to where it was; where that is gone, to the content of the page. What took it meanwhile keeps it. */
function giveBack(event: Event, opener: HTMLElement | undefined): void {
  event.preventDefault()
  const { activeElement, body } = document
  if (activeElement && activeElement !== body) return
  const there = opener?.isConnected && opener !== body ? opener : document.getElementById('main')
  there?.focus()
}

const scrim = 'fixed inset-0 z-40 bg-scrim data-[state=open]:animate-appear'

export type Common = {
  open: boolean
  onOpenChange(open: boolean): void
  title: string
  /** What had the focus before. */
  opener?: HTMLElement | undefined
  /** A sentence below the title. */
  description?: ReactNode
  children?: ReactNode
}

export function Dialog({ open, onOpenChange, opener, title, description, children, footer, wide = false, locked = false }: Common & {
  footer?: ReactNode
  wide?: boolean
  /** It can't be left but by what is in it. */
  locked?: boolean
}) {
  const stay = locked ? (event: Event) => event.preventDefault() : undefined
  return (
    <Radix.Root open={open} onOpenChange={locked ? () => undefined : onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={scrim} />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          onOpenAutoFocus={focusPanel}
          onCloseAutoFocus={(event) => giveBack(event, opener)}
          {...(stay ? { onEscapeKeyDown: stay, onPointerDownOutside: stay } : {})}
          className={cx(
            'fixed inset-x-0 bottom-0 z-50 flex max-h-[92dvh] flex-col rounded-t-xl bg-raised pb-[env(safe-area-inset-bottom)] shadow-over focus:outline-none data-[state=open]:animate-lift',
            'sm:inset-x-auto sm:top-1/2 sm:bottom-auto sm:left-1/2 sm:max-h-[86dvh] sm:w-[calc(100vw-3rem)] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-xl sm:pb-0 sm:data-[state=open]:animate-rise',
            wide ? 'sm:max-w-2xl' : 'sm:max-w-md',
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-5 pb-2">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description && <Radix.Description className="mt-1 text-sm text-ink-2">{description}</Radix.Description>}
            </div>
            {!locked && <Radix.Close asChild><IconButton label="Close" size="sm"><X className="size-4" /></IconButton></Radix.Close>}
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pt-1 pb-5">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3.5">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export function Confirm({ action, onConfirm, look = 'danger', busy = false, disabled = false, ...dialog }: Common & {
  /** The verb on the button: "Delete", never "OK". */
  action: string
  onConfirm(): void
  look?: ButtonProps['look']
  busy?: boolean
  disabled?: boolean
}) {
  return (
    <Dialog
      {...dialog}
      footer={
        <>
          <Button onClick={() => dialog.onOpenChange(false)}>Cancel</Button>
          <Button look={look ?? 'danger'} busy={busy} disabled={disabled} onClick={onConfirm}>{action}</Button>
        </>
      }
    />
  )
}

export function Sheet({ open, onOpenChange, opener, title, description, children, actions }: Common & { actions?: ReactNode }) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={scrim} />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          onOpenAutoFocus={focusPanel}
          onCloseAutoFocus={(event) => giveBack(event, opener)}
          className={cx(
            'fixed inset-x-0 bottom-0 z-50 flex max-h-[94dvh] flex-col rounded-t-xl bg-raised pb-[env(safe-area-inset-bottom)] shadow-over focus:outline-none data-[state=open]:animate-lift',
            'sm:inset-y-0 sm:right-0 sm:left-auto sm:max-h-none sm:w-[26rem] sm:rounded-none sm:rounded-l-xl sm:data-[state=open]:animate-slide',
          )}
        >
          <header className="flex items-center gap-2 border-b border-line py-2.5 pr-2.5 pl-5">
            <Radix.Title className="min-w-0 flex-1 truncate text-base font-semibold">{title}</Radix.Title>
            {actions}
            <Radix.Close asChild><IconButton label="Close"><X className="size-4.5" /></IconButton></Radix.Close>
          </header>
          {description && <Radix.Description className="px-5 pt-3 text-sm text-ink-2">{description}</Radix.Description>}
          <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
