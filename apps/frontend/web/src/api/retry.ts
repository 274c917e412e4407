import { ApiError } from './errors'

/** For TanStack Query: repeat what may pass, three times. */
export function shouldRetry(failures: number, error: unknown): boolean {
  return failures < 3 && error instanceof ApiError && error.passes
}

/** How long to wait before the next try: what the server asked for, else 0.5 s doubling to 30 s, with jitter. */
export function patience(failures: number, error: unknown): number {
  if (error instanceof ApiError && error.retryAfterMs !== undefined) return error.retryAfterMs + Math.random() * 250
  return Math.min(500 * 2 ** failures, 30_000) * (0.75 + Math.random() / 2)
}
