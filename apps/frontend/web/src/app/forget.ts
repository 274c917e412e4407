import { currentSession, rememberedUser, subscribeToSession } from '@/api'
import { Keep } from '@/store'
import { forgetDrafts } from '@/store/drafts'

/** What localStorage has of one user: drafts, writes that the database does not have yet, and the zone. */
const OWN = /^tasktide:(?:draft|op|zone):([^:]+)/

/**
 * The browser keeps things of the user that it remembers, and of nobody else: what is there of others goes when
 * a user goes, in each tab that is open, and at the next start where none was.
 */
export function keepOneUserOnly(keep = new Keep()): void {
  let before: string | undefined = ''
  subscribeToSession(() => {
    const session = currentSession()
    if (session.status === 'loading' || session.status === 'unreachable') return
    const user = 'user' in session ? session.user.id : rememberedUser()?.id
    if (user === before) return
    if (before !== '') hide()
    before = user
    forgetAllBut(user)
    void keep.forget({ allBut: user })
  })
}

function forgetAllBut(user: string | undefined): void {
  const own = user === undefined ? undefined : encodeURIComponent(user)
  try {
    for (const key of Object.keys(localStorage)) {
      const [, owner] = OWN.exec(key) ?? []
      if (owner !== undefined && owner !== own) localStorage.removeItem(key)
    }
  } catch {
    // Storage is forbidden: nothing is there.
  }
}

/** What stands outside the page, and what was typed. */
function hide(): void {
  forgetDrafts()
  if ('clearAppBadge' in navigator) navigator.clearAppBadge().catch(() => undefined)
  void navigator.serviceWorker?.getRegistration()
    .then((worker) => worker?.getNotifications())
    .then((shown) => shown?.forEach((one) => one.close()))
    .catch(() => undefined)
}
