import { useSyncExternalStore } from 'react'
import { authClient } from './auth-client'
import { authWords } from './auth-words'
import { ApiError } from './errors'
import { claimsOf } from './token'

export type User = { id: string; name: string; email: string; scope: string[] }

/**
 * - `loading`: not known yet, and no user is remembered.
 * - `signed-out`: nobody. `expired`: the session of `user` ended while the page was open; what is on the
 *   screen stays, and the same user signs in on top of it.
 * - `signed-in`: `user`, also without a network, when the browser remembers who it was.
 * - `unreachable`: the server does not answer, and nobody is remembered.
 */
export type Session =
  | { status: 'loading' | 'signed-out' }
  | { status: 'unreachable'; error: ApiError }
  | { status: 'signed-in' | 'expired'; user: User }

const REMEMBERED = 'tasktide:user'
const listeners = new Set<() => void>()
let session: Session = { status: 'loading' }
type Token = { value: string; user: string; freshUntil: number }
let token: Token | undefined
let fetching: Promise<Token> | undefined
let generation = 0
/** This page wrote down who is signed in: that it is not there any more says that another tab signed out. */
let written = false

/** What the tabs of this browser say to each other: whose session began, whose is over. */
type News = { began: string } | { left: string }
const tabs = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('tasktide:session')

function set(next: Session): void {
  session = next
  for (const listener of listeners) listener()
}

export function currentSession(): Session {
  return session
}

export function useSession(): Session {
  return useSyncExternalStore(subscribeToSession, currentSession)
}

export function subscribeToSession(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Finds out who is signed in. A remembered user is there at once, and is checked meanwhile. */
export async function openSession(): Promise<void> {
  tabs?.addEventListener('message', ({ data }: MessageEvent<News>) => hear(data))
  // A page that slept heard nothing.
  window.addEventListener('pageshow', follow)
  document.addEventListener('visibilitychange', follow)
  const remembered = rememberedUser()
  if (remembered) {
    written = true
    set({ status: 'signed-in', user: remembered })
  }
  await checkSession()
}

function hear(news: News): void {
  const user = userOf(session)?.id
  if ('left' in news) {
    if (news.left === user) leave()
  } else if (news.began !== user || session.status !== 'signed-in') void checkSession()
}

/** All tabs of a browser are of the same user: the one that it remembers. */
function follow(): void {
  const user = userOf(session)
  if (!user || !written) return
  const remembered = rememberedUser()
  if (!remembered) leave()
  else if (remembered.id !== user.id) void checkSession()
}

/** Asks the server whose session this is. Without an answer a remembered user stays. */
export async function checkSession(): Promise<void> {
  const asked = generation
  let jwt: string | null = null
  const onSuccess = (context: { response: Response }) => {
    jwt = context.response.headers.get('set-auth-jwt')
  }
  try {
    const { data, error } = await authClient.getSession({ fetchOptions: { onSuccess } })
    if (asked !== generation) return
    if (error) return unreachable(authError(error))
    if (!data) return ended()
    if (jwt) keepToken(jwt)
    const scope = claimsOf(jwt ?? (await accessToken(data.user.id)))?.scope ?? []
    if (asked !== generation) return
    const user = { id: data.user.id, name: data.user.name, email: data.user.email, scope }
    const before = userOf(session)
    remember(user)
    set({ status: 'signed-in', user })
    if (before && before.id !== user.id) tell({ began: user.id })
  } catch (error) {
    if (asked === generation) unreachable(error instanceof ApiError ? error : new ApiError('broken', String(error)))
  }
}

function unreachable(error: ApiError): void {
  if (error.kind === 'signed-out') return ended()
  if (session.status === 'loading' || session.status === 'unreachable') set({ status: 'unreachable', error })
}

/** The server knows no session. One that was there has expired, and its user's screen stays, unless another tab signed out. */
function ended(): void {
  token = undefined
  const user = userOf(session)
  if (!user || (written && rememberedUser()?.id !== user.id)) leave()
  else set({ status: 'expired', user })
}

/**
 * A token of a user (if not said, of the one that is signed in) that is good for a while. Asks for a new one when
 * most of its life is over, or when `refused` is the one that the server did not take. Rejects with `signed-out`
 * when there is no session, or it is another user's.
 */
export async function accessToken(user = userOf(session)?.id, refused?: string): Promise<string> {
  const good = token && token.value !== refused && performance.now() < token.freshUntil
  const { value, user: owner } = good && token ? token : await renew()
  if (user === undefined || owner === user) return value
  // The browser's session is another's by now; whose screen this is has to follow.
  if (user === userOf(session)?.id) void checkSession()
  throw new ApiError('signed-out', 'Somebody else is signed in in this browser now.')
}

function renew(): Promise<Token> {
  if (fetching) return fetching
  const asked = fetchToken().finally(() => {
    if (fetching === asked) fetching = undefined
  })
  fetching = asked
  return asked
}

async function fetchToken(): Promise<Token> {
  const asked = generation
  const { data, error } = await authClient.token()
  if (asked !== generation) throw new ApiError('signed-out', 'Another session began.')
  if (error || !data?.token) {
    const failure = authError(error ?? { status: 401 })
    if (failure.kind === 'signed-out') ended()
    throw failure
  }
  return keepToken(data.token)
}

function keepToken(value: string): Token {
  const claims = claimsOf(value)
  token = { value, user: claims?.sub ?? '', freshUntil: performance.now() + (claims?.lifetimeMs ?? 60_000) * 0.8 }
  return token
}

/** The user's token at hand, for a request that is sent while the page is left and can't wait for one. */
export function tokenAtHand(user: string): string | undefined {
  return token?.user === user ? token.value : undefined
}

/** To be called after a sign-in or sign-up: takes over the session that the cookie now names. */
export async function sessionBegan(): Promise<void> {
  generation++
  token = undefined
  fetching = undefined
  await checkSession()
  const user = session.status === 'signed-in' ? session.user.id : undefined
  if (user !== undefined) tell({ began: user })
}

/** Ends the session on the server and forgets the user here. Rejects when the server could not be asked. */
export async function signOut(): Promise<void> {
  const { error } = await authClient.signOut()
  if (error && error.status !== 401) throw authError(error)
  forgetSession()
}

/** The user is gone, in all tabs: signed out, or erased. */
export function forgetSession(): void {
  const user = userOf(session)?.id
  leave()
  if (user !== undefined) tell({ left: user })
}

function leave(): void {
  const user = userOf(session)?.id
  generation++
  token = undefined
  fetching = undefined
  written = false
  try {
    // Another tab may remember the next one.
    if (rememberedUser()?.id === user) localStorage.removeItem(REMEMBERED)
  } catch {
    // Storage is forbidden: nothing was remembered either.
  }
  set({ status: 'signed-out' })
}

function tell(news: News): void {
  tabs?.postMessage(news)
}

function userOf(one: Session): User | undefined {
  return 'user' in one ? one.user : undefined
}

/** An error of the auth client, which has `{status, message, code}` instead of a problem. */
export function authError(error: { status?: number; message?: string | undefined; code?: string | undefined }): ApiError {
  const status = error.status ?? 0
  const wrong = error.code === 'INVALID_EMAIL_OR_PASSWORD'
  const kind = wrong ? 'refused' : status === 401 ? 'signed-out' : status === 429 || status === 503 ? 'busy' : status === 0 ? 'network' : status >= 500 ? 'broken' : 'refused'
  return new ApiError(kind, authWords(error, location.origin), { status, ...(error.code ? { code: error.code } : {}) })
}

/** Whose things the browser keeps. */
export function rememberedUser(): User | undefined {
  try {
    const user = JSON.parse(localStorage.getItem(REMEMBERED) ?? 'null') as User | null
    return user && typeof user.id === 'string' && Array.isArray(user.scope) ? user : undefined
  } catch {
    return undefined
  }
}

function remember(user: User): void {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(user))
    written = true
  } catch {
    // Without storage the page opens with a network only.
  }
}
