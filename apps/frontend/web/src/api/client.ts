import createClient from 'openapi-fetch'
import { ApiError, errorOf } from './errors'
import { request } from './http'
import type { components, paths } from './schema'
import { accessToken } from './session'

export type Task = components['schemas']['Task']
export type NewTask = components['schemas']['NewTask']
export type TaskChange = components['schemas']['TaskChange']
export type Priority = components['schemas']['Priority']
export type Category = components['schemas']['Category']
export type Notification = components['schemas']['Notification']
export type AuditEntry = components['schemas']['AuditEntry']
export type StreamEvent = components['schemas']['StreamEvent']
export type Preferences = components['schemas']['Preferences']
export type DeadLetter = components['schemas']['DeadLetter']

/** Sends a request with the token of the user whom its address names; one that is refused is replaced by a new one, once. */
export async function authorized(input: Request, deadline?: number): Promise<Response> {
  const again = input.clone()
  const user = ownerOf(input.url)
  const first = await accessToken(user)
  input.headers.set('Authorization', `Bearer ${first}`)
  const response = await request(input, {}, deadline)
  if (response.status !== 401) return response
  again.headers.set('Authorization', `Bearer ${await accessToken(user, first)}`)
  return request(again, {}, deadline)
}

function ownerOf(url: string): string | undefined {
  const [, name] = /^\/api\/([^/]+)/.exec(new URL(url).pathname) ?? []
  return name === undefined || name === 'operator' ? undefined : decodeURIComponent(name)
}

// The page keeps what it needs itself, and forgets it when its user goes; what the browser's cache has would stay.
const options = { baseUrl: location.origin, cache: 'no-store' } as const

/** As `authorized`, and an answer that is no success is thrown as an ApiError. */
async function successful(input: Request, deadline?: number): Promise<Response> {
  const response = await authorized(input, deadline)
  if (!response.ok && response.status !== 304) throw await errorOf(response)
  return response
}

/** The API as docs/openapi.json describes it. Its methods reject with an ApiError. */
export const api = createClient<paths>({ ...options, fetch: (input) => successful(input) })

/** The same, for answers that may take long, such as an export. */
export const patientApi = createClient<paths>({ ...options, fetch: (input) => successful(input, 300_000) })

type Answer<T> = { data?: T; response: Response }

/** The body of an answer: `await ok(api.GET(…))`. */
export async function ok<T>(answer: Promise<Answer<T>>): Promise<T> {
  return (await okWithResponse(answer)).data
}

/** As `ok`, with the response for its headers. */
export async function okWithResponse<T>(answer: Promise<Answer<T>>): Promise<{ data: T; response: Response }> {
  try {
    const { data, response } = await answer
    return { data: data as T, response }
  } catch (error) {
    // A proxy or a café's network answers 200 with a page of its own.
    if (error instanceof SyntaxError) throw new ApiError('broken', 'The answer did not come from Tasktide. Are you behind a sign-in page of this network?')
    throw error
  }
}
