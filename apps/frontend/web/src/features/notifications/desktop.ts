import { uuid } from '@/store'

// Reminders outside the page. A tab that the person looks at shows a toast and says so; the others stay
// silent then, and else show a notification of the browser, which replaces one of the same reminder.

/** `unsupported`: no such thing here, as over plain http, or on an iPhone before the page is installed. */
export type Permission = NotificationPermission | 'unsupported'

const OFF = 'tasktide:notifications-off'
/** How long a tab in the background listens whether another one is looked at. */
const LISTEN_MS = 400

export function permission(): Permission {
  return 'Notification' in window && window.isSecureContext ? Notification.permission : 'unsupported'
}

/** To be called by a click only. */
export async function askPermission(): Promise<Permission> {
  return permission() === 'unsupported' ? 'unsupported' : Notification.requestPermission()
}

/** A browser's permission can't be given back by a page, so whether it is used is kept beside it. */
export function wanted(): boolean {
  try {
    return localStorage.getItem(OFF) === null
  } catch {
    return true
  }
}

export function setWanted(on: boolean): void {
  try {
    if (on) localStorage.removeItem(OFF)
    else localStorage.setItem(OFF, '1')
  } catch {
    // Forbidden storage: the browser's own setting is what there is.
  }
}

export type Reminder = { id: string; title: string; body: string; url: string }

/** Tells the tabs of this browser which reminders a person has seen. */
export class Seen {
  private readonly me = uuid()
  private readonly channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('tasktide:reminders')
  private readonly seen = new Set<string>()

  constructor() {
    this.channel?.addEventListener('message', ({ data }: MessageEvent<{ from: string; id: string }>) => {
      if (data.from !== this.me) this.seen.add(data.id)
    })
  }

  tell(id: string): void {
    this.channel?.postMessage({ from: this.me, id })
  }

  /** Whether another tab shows it to the person. */
  async elsewhere(id: string, withinMs = LISTEN_MS): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, withinMs))
    return this.seen.has(id)
  }

  close(): void {
    this.channel?.close()
  }
}

/** Shows a notification of the browser, if that is allowed and wanted. */
export async function showOutside({ id, title, body, url }: Reminder, open: () => void): Promise<void> {
  if (permission() !== 'granted' || !wanted()) return
  const options = { body, tag: id, icon: '/icon-192.png', data: { url } }
  try {
    const shown = new Notification(title, options)
    shown.onclick = () => {
      window.focus()
      shown.close()
      open()
    }
  } catch {
    // On a phone only the service worker may.
    const worker = await navigator.serviceWorker?.getRegistration()
    await worker?.showNotification(title, options)
  }
}
