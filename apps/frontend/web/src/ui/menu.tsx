import { cloneElement, useState, type ComponentProps, type ReactElement, type ReactNode } from 'react'
import type * as Parts from './menu-parts'

// Menus and what places them weigh as much as the rest of the first screen: they are loaded when the pointer
// or the focus comes near, or at the latest when one is opened.

type Module = typeof Parts

let loaded: Module | undefined
let loading: Promise<Module> | undefined

function load(): Promise<Module> {
  loading ??= import('./menu-parts').then(
    (module) => (loaded = module),
    (error: unknown) => {
      loading = undefined
      throw error
    },
  )
  return loading
}

const near = () => void load().catch(() => undefined)

/** A menu behind a button: `<Menu trigger={<IconButton …/>}>` with MenuItem, MenuChoice, MenuLabel, MenuLine. */
export function Menu({ trigger, children, align = 'end' }: { trigger: ReactElement; children: ReactNode; align?: 'start' | 'center' | 'end' }) {
  const [parts, setParts] = useState<Module>()
  if (parts) return <parts.Menu trigger={trigger} align={align}>{children}</parts.Menu>
  return cloneElement(trigger as ReactElement<Record<string, unknown>>, {
    'aria-haspopup': 'menu',
    'aria-expanded': false,
    onPointerEnter: near,
    onFocus: near,
    onClick: () => void load().then(setParts, () => undefined),
  })
}

// What is in a menu is drawn when it is open, and then its parts are there.

export function MenuItem(props: ComponentProps<typeof Parts.MenuItem>) {
  return loaded ? <loaded.MenuItem {...props} /> : null
}

/** One of several; the chosen one has a tick. */
export function MenuChoice<T extends string>(props: { value: T; options: readonly { value: T; label: string }[]; onChange(value: T): void }) {
  return loaded ? <loaded.MenuChoice {...props} /> : null
}

export function MenuLabel(props: ComponentProps<typeof Parts.MenuLabel>) {
  return loaded ? <loaded.MenuLabel {...props} /> : null
}

export function MenuLine() {
  return loaded ? <loaded.MenuLine /> : null
}
