import { expect, test, vi } from 'vitest'
import type { End } from './channel'
import { openSse } from './sse'

const request = vi.hoisted(() => vi.fn<() => Promise<Response>>())
vi.mock('@/api/http', () => ({ request }))

function ended(): Promise<End> {
  return new Promise((end) => openSse({ user: 'ann', token: 't', place: { epoch: 'e', position: 1 }, message: () => undefined, end }))
}
const stream = (text: string) => Promise.resolve(new Response(text, { headers: { 'Content-Type': 'text/event-stream' } }))

test.each([
  [401, 4501],
  [403, 4503],
  [429, 4510],
  [502, 0],
])('an answer of %i ends it as the close code %i does', async (status, code) => {
  request.mockResolvedValue(new Response('', { status }))
  expect(await ended()).toEqual({ code, opened: false })
})

test.each([
  [': closed 4511 what came is no message\n\n', 4511],
  [': closed 4008 the token has expired\n\n', 4008],
  [': still here\n\n', 0],
])('a stream that ends with the comment %j has its close code', async (text, code) => {
  request.mockReturnValue(stream(text))
  expect(await ended()).toEqual({ code, opened: true })
})

test('a network that gives nothing ends it without a code', async () => {
  request.mockRejectedValue(new TypeError('no'))
  expect(await ended()).toEqual({ code: 0, opened: false })
})
