import { waitText } from '@/time/format'
import type { components } from './schema'

export type Problem = components['schemas']['Problem']
export type FieldError = { field: string; message: string }

/**
 * What went wrong with a request, by what can be done about it:
 * - `network`: no answer at all. `timeout`: none in time. Whether the server acted is unknown.
 * - `signed-out`: there is no session any more.
 * - `refused`: the server understood and said no (4xx). Repeating changes nothing.
 * - `busy`: 429 or 503, with the time to wait. `broken`: another 5xx, or an answer that is not the API's.
 */
export type Kind = 'network' | 'timeout' | 'signed-out' | 'refused' | 'busy' | 'broken'

export class ApiError extends Error {
  readonly kind: Kind
  /** The HTTP status, 0 without an answer. */
  readonly status: number
  readonly fields: FieldError[]
  readonly requestId: string | undefined
  /** How long the server asked to wait. */
  readonly retryAfterMs: number | undefined
  /** What the accounts' server calls it, `INVALID_ORIGIN` say. */
  readonly code: string | undefined

  constructor(kind: Kind, message: string, more: { status?: number; fields?: FieldError[]; requestId?: string; retryAfterMs?: number; code?: string } = {}) {
    super(message)
    this.name = 'ApiError'
    this.kind = kind
    this.status = more.status ?? 0
    this.fields = more.fields ?? []
    this.requestId = more.requestId
    this.retryAfterMs = more.retryAfterMs
    this.code = more.code
  }

  /** Whether the same request may succeed later. */
  get passes(): boolean {
    return this.kind === 'network' || this.kind === 'timeout' || this.kind === 'busy' || this.kind === 'broken'
  }
}

/** The error of an answer that is not 2xx. */
export async function errorOf(response: Response): Promise<ApiError> {
  const problem = await problemOf(response)
  const more = {
    status: response.status,
    fields: problem.errors ?? [],
    ...(problem.requestId ? { requestId: problem.requestId } : {}),
    ...(retryAfter(response) === undefined ? {} : { retryAfterMs: retryAfter(response) as number }),
  }
  const soon = more.retryAfterMs === undefined ? 'a moment' : waitText(more.retryAfterMs)
  if (response.status === 401) return new ApiError('signed-out', 'Your session has ended. Sign in again to go on.', more)
  if (response.status === 429) return new ApiError('busy', `Too many requests at once. Try again in ${soon}.`, more)
  if (response.status === 503) return new ApiError('busy', problem.detail ? sentence(problem.detail) : `The server is not ready. Try again in ${soon}.`, more)
  if (response.status >= 500) {
    return new ApiError('broken', 'The server could not do this. Nothing you entered is lost; try again in a moment.', more)
  }
  return new ApiError('refused', sentence(problem.detail ?? `The server answered ${response.status}.`), more)
}

async function problemOf(response: Response): Promise<Partial<Problem> & { errors?: FieldError[] }> {
  if (!response.headers.get('content-type')?.includes('json')) return {}
  try {
    const body: unknown = await response.clone().json()
    return typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {}
  } catch {
    return {}
  }
}

/** Retry-After in milliseconds: seconds, or a date by the server's own clock. */
export function retryAfter(response: Response): number | undefined {
  const value = response.headers.get('retry-after')
  if (!value) return undefined
  if (/^\d+$/.test(value)) return Math.min(Number(value), 3600) * 1000
  const until = Date.parse(value)
  const now = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(until) || Number.isNaN(now) ? undefined : Math.min(Math.max(until - now, 0), 3_600_000)
}

/** Server texts begin in lower case and have no full stop. */
function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(first) ? first : `${first}.`
}

/** What to tell a person about any error. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return error.message
  return 'Something went wrong in the page. Reload it; nothing that was saved is lost.'
}
