// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from 'vitest'
import html from '../../index.html?raw'

const script = /<script[^>]*>((?:(?!<\/script>)[\s\S])*earlyUser[\s\S]*?)<\/script>/.exec(html)?.[1] ?? ''
const tokenOf = (claims: object) => `h.${btoa(JSON.stringify(claims))}.s`

afterEach(() => {
  vi.unstubAllGlobals()
  localStorage.clear()
  globalThis.early = undefined
  globalThis.earlyUser = undefined
})

/** What index.html asks for when the session comes with such a token. */
async function askedFor(token: string | undefined): Promise<string[]> {
  const network = vi.fn((_path: string) => Promise.resolve(new Response('', token ? { headers: { 'set-auth-jwt': token } } : {})))
  vi.stubGlobal('fetch', network)
  new Function(script)()
  await new Promise((done) => setTimeout(done))
  return network.mock.calls.map(([path]) => path)
}

test.each([
  ['of a user', tokenOf({ sub: 'ann/b' }), ['/api/auth/get-session', '/api/ann%2Fb/tasks']],
  ['that says nobody', tokenOf({ scope: 'x' }), ['/api/auth/get-session']],
  ['that is none', 'x.y', ['/api/auth/get-session']],
  ['that is not there', undefined, ['/api/auth/get-session']],
])('before its code is there the page asks for the list of the user of a token: one %s', async (_name, token, paths) => {
  expect(await askedFor(token)).toEqual(paths)
})
