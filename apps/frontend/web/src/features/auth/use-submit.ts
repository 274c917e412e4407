import { useState, type FormEvent } from 'react'
import { ApiError, currentSession, errorText, sessionBegan } from '@/api'

export type Values = Record<string, string>

/** What a form does with its fields: one try at a time, and the failure of the last one. */
export function useSubmit(send: (values: Values) => Promise<void>) {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()

  async function run(values: Values): Promise<void> {
    setBusy(true)
    setFailure(undefined)
    try {
      await send(values)
    } catch (error) {
      setFailure(error)
    } finally {
      setBusy(false)
    }
  }
  function onSubmit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault()
    if (busy) return
    const fields = [...new FormData(event.currentTarget)]
    void run(Object.fromEntries(fields.map(([name, value]) => [name, String(value)])))
  }
  return { busy, failure, onSubmit, reset: () => setFailure(undefined) }
}

/** Takes over a session that a sign-in or sign-up made. */
export async function takeOver(): Promise<void> {
  await sessionBegan()
  const session = currentSession()
  if (session.status === 'signed-in') return
  if (session.status === 'unreachable') throw session.error
  throw new ApiError(
    'refused',
    location.protocol === 'http:'
      ? 'The server let you in, but this browser kept no session. Allow cookies for this address; if the server has an https address, open that one.'
      : 'The server let you in, but this browser kept no session. Allow cookies for this address, then sign in again.',
  )
}

/** Of a form nothing is repeated by itself. */
export function formText(error: unknown): string {
  if (error instanceof ApiError && error.kind === 'network') return 'There is no connection to the server. What you typed is still here; try again when you are online.'
  if (error instanceof ApiError && error.kind === 'timeout') return 'The server did not answer in time. Try again.'
  return errorText(error)
}
