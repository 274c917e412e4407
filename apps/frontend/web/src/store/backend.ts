import { api, ok, okWithResponse, type NewTask, type Task, type TaskChange } from '@/api'
import { placeOf, type Place } from '@/live'
import { ApiError } from '@/api/errors'

/** The routes of tasks that the store uses. Every method rejects with an ApiError; what writes goes on when the page is left. */
export type Backend = {
  list(): Promise<{ tasks: Task[]; place: Place }>
  get(id: string): Promise<Task>
  create(body: NewTask, key: string): Promise<Task>
  update(id: string, seen: Seen, body: TaskChange): Promise<Task>
  toggle(id: string, seen: Seen): Promise<Task>
  remove(id: string, seen: Seen): Promise<void>
}

/** The version that a change is made of. `epoch`: of the database that it was read from; one that came from a backup counts anew. */
export type Seen = { version: number; epoch?: string | undefined }

export function conditions({ version, epoch }: Seen): { 'If-Match': string; 'X-Stream-Epoch'?: string } {
  return { 'If-Match': `"${version}"`, ...(epoch ? { 'X-Stream-Epoch': epoch } : {}) }
}

export function restBackend(user: string): Backend {
  const path = (id: string) => ({ path: { user_id: user, id } })
  const match = (id: string, seen: Seen) => ({ ...path(id), header: conditions(seen) })
  return {
    async list() {
      const { data, response } = await okWithResponse(api.GET('/api/{user_id}/tasks', { params: { path: { user_id: user } } }))
      const place = placeOf(response.headers.get('x-stream-position'))
      if (!place) throw new ApiError('broken', 'The list came without its place in the stream. Is there a proxy that removes X-Stream-Position?')
      return { tasks: data, place }
    },
    get: (id) => ok(api.GET('/api/{user_id}/tasks/{id}', { params: path(id) })),
    create: (body, key) => ok(api.POST('/api/{user_id}/tasks', { params: { path: { user_id: user }, header: { 'Idempotency-Key': key } }, body, keepalive: true })),
    update: (id, seen, body) => ok(api.PUT('/api/{user_id}/tasks/{id}', { params: match(id, seen), body, keepalive: true })),
    toggle: (id, seen) => ok(api.PATCH('/api/{user_id}/tasks/{id}/complete', { params: match(id, seen), keepalive: true })),
    async remove(id, seen) {
      await ok(api.DELETE('/api/{user_id}/tasks/{id}', { params: match(id, seen), keepalive: true }))
    },
  }
}
