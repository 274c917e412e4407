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
let token: { value: string; freshUntil: number } | undefined
let fetching: Promise<string> | undefined
let generation = 0

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
  const remembered = recall()
  if (remembered) set({ status: 'signed-in', user: remembered })
  await checkSession()
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
    const scope = claimsOf(jwt ?? (await accessToken()))?.scope ?? []
    if (asked !== generation) return
    const user = { id: data.user.id, name: data.user.name, email: data.user.email, scope }
    remember(user)
    set({ status: 'signed-in', user })
  } catch (error) {
    if (asked === generation) unreachable(error instanceof ApiError ? error : new ApiError('broken', String(error)))
  }
}

function unreachable(error: ApiError): void {
  if (error.kind === 'signed-out') return ended()
  if (session.status === 'loading' || session.status === 'unreachable') set({ status: 'unreachable', error })
}

/** The server knows no session. One that was there has expired; its user's screen stays. */
function ended(): void {
  token = undefined
  if (session.status === 'signed-in' || session.status === 'expired') set({ status: 'expired', user: session.user })
  else set({ status: 'signed-out' })
}

/**
 * A token that is good for a while. Asks for a new one when most of its life is over, or when `refused`
 * is the one that the server did not take. Rejects with `signed-out` when there is no session.
 */
export function accessToken(refused?: string): Promise<string> {
  if (token && token.value !== refused && performance.now() < token.freshUntil) return Promise.resolve(token.value)
  if (fetching) return fetching
  const asked = fetchToken().finally(() => {
    if (fetching === asked) fetching = undefined
  })
  fetching = asked
  return asked
}

async function fetchToken(): Promise<string> {
  const asked = generation
  const { data, error } = await authClient.token()
  if (asked !== generation) throw new ApiError('signed-out', 'Another session began.')
  if (error || !data?.token) {
    const failure = authError(error ?? { status: 401 })
    if (failure.kind === 'signed-out') ended()
    throw failure
  }
  keepToken(data.token)
  return data.token
}

function keepToken(value: string): void {
  const lifetime = claimsOf(value)?.lifetimeMs ?? 60_000
  token = { value, freshUntil: performance.now() + lifetime * 0.8 }
}

/** The token at hand, for a request that is sent while the page is left and can't wait for one. */
export function tokenAtHand(): string | undefined {
  return token?.value
}

/** To be called after a sign-in or sign-up: takes over the session that the cookie now names. */
export async function sessionBegan(): Promise<void> {
  generation++
  token = undefined
  fetching = undefined
  await checkSession()
}

/** Ends the session on the server and forgets the user here. Rejects when the server could not be asked. */
export async function signOut(): Promise<void> {
  const { error } = await authClient.signOut()
  if (error && error.status !== 401) throw authError(error)
  forgetSession()
}

/** The user is gone: signed out, or erased. */
export function forgetSession(): void {
  generation++
  token = undefined
  fetching = undefined
  try {
    localStorage.removeItem(REMEMBERED)
  } catch {
    // Storage is forbidden: nothing was remembered either.
  }
  set({ status: 'signed-out' })
}

/** An error of the auth client, which has `{status, message, code}` instead of a problem. */
export function authError(error: { status?: number; message?: string | undefined; code?: string | undefined }): ApiError {
  const status = error.status ?? 0
  const wrong = error.code === 'INVALID_EMAIL_OR_PASSWORD'
  const kind = wrong ? 'refused' : status === 401 ? 'signed-out' : status === 429 || status === 503 ? 'busy' : status === 0 ? 'network' : status >= 500 ? 'broken' : 'refused'
  return new ApiError(kind, authWords(error, location.origin), { status, ...(error.code ? { code: error.code } : {}) })
}

function recall(): User | undefined {
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
  } catch {
    // Without storage the page opens with a network only.
  }
}
