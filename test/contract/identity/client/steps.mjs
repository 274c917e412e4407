// Does with Better Auth's official client what people do with accounts, against the servers whose addresses are in
// SERVERS, and prints what went over the wire: one JSON object for each request, with shapes in place of values.
import { createAuthClient } from 'better-auth/client'
import { jwtClient } from 'better-auth/client/plugins'
import { createRemoteJWKSet, jwtVerify, decodeProtectedHeader } from 'jose'

const servers = JSON.parse(process.env.SERVERS)
const password = 'correct horse battery'
const run = Math.random().toString(36).slice(2)
const email = (name) => `${name}-${run}@example.org`

// shape is what is compared of a value: what it is, not which.
function shape(v) {
  if (v instanceof Date) return 'time'
  if (Array.isArray(v)) return v.length ? [shape(v[0])] : []
  if (v && typeof v === 'object') return Object.fromEntries(Object.keys(v).sort().map((k) => [k, shape(v[k])]))
  if (typeof v !== 'string') return v === null || typeof v === 'boolean' ? v : typeof v
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(v)) return 'time'
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(v)) return 'jwt'
  return 'text'
}

function parseSetCookie(line) {
  const [pair, ...attributes] = line.split('; ')
  const at = pair.indexOf('=')
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes: attributes.sort() }
}

const rows = []
let step = ''

// Browser is one browser: cookies, an origin, an address.
class Browser {
  constructor(server, { origin, address } = {}) {
    this.base = servers[server]
    this.cookies = new Map()
    this.headers = { origin: origin ?? this.base, 'x-test-address': address ?? '192.0.2.1' }
    this.client = createAuthClient({
      baseURL: this.base, plugins: [jwtClient()],
      fetchOptions: { customFetchImpl: (url, init) => this.fetch(url, init), retry: 0 },
    })
  }
  async fetch(url, init = {}) {
    const headers = new Headers(init.headers)
    for (const [name, value] of Object.entries(this.headers)) if (value) headers.set(name, value)
    if (this.cookies.size) headers.set('cookie', [...this.cookies].map(([n, v]) => `${n}=${v}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    const cookies = {}
    for (const line of response.headers.getSetCookie()) {
      const c = parseSetCookie(line)
      const gone = c.attributes.includes('Max-Age=0')
      if (gone) this.cookies.delete(c.name)
      else this.cookies.set(c.name, c.value)
      cookies[c.name] = [gone ? 'cleared' : 'set', ...c.attributes]
    }
    const text = await response.clone().text()
    let body = null
    try { body = JSON.parse(text) } catch { body = text }
    const u = new URL(url)
    const row = { step, request: `${init.method ?? 'GET'} ${u.pathname}`, status: response.status, body: shape(body) }
    if (body?.code) row.code = body.code
    if (Object.keys(cookies).length) row.cookies = cookies
    for (const name of ['cache-control', 'pragma', 'location', 'access-control-expose-headers', 'content-type']) {
      if (response.headers.has(name)) (row.headers ??= {})[name] = response.headers.get(name)
    }
    for (const name of ['set-auth-jwt', 'x-retry-after']) if (response.headers.has(name)) (row.headers ??= {})[name] = 'present'
    rows.push(row)
    return response
  }
  // copy is a thief with all cookies of this browser.
  copy(server, options) {
    const thief = new Browser(server, options)
    thief.cookies = new Map(this.cookies)
    return thief
  }
}

// does runs one step and records what the client makes of the answer.
async function does(name, act) {
  step = name
  const { data, error } = await act()
  rows.push({ step, client: { data: shape(data), error: error ? { status: error.status, code: error.code ?? null } : null } })
  return data
}
const check = (what, ok) => rows.push({ step, check: what, ok })

const ann = new Browser('open')
await does('ok', () => ann.client.$fetch('/ok'))
for (const [name, act] of Object.entries({
  'get-session': (c) => c.getSession(),
  token: (c) => c.$fetch('/token'),
  'list-sessions': (c) => c.listSessions(),
  'change-password': (c) => c.changePassword({ currentPassword: password, newPassword: password }),
  'update-user': (c) => c.updateUser({ name: 'X' }),
  'delete-user': (c) => c.deleteUser({ password }),
  'revoke-session': (c) => c.revokeSession({ token: 'x' }),
  'sign-out': (c) => c.signOut(),
})) await does(`nobody: ${name}`, () => act(ann.client))

const signUp = (b, more) => b.client.signUp.email({ name: 'Ann', email: email('ann'), password, ...more })
await does('sign-up: password too short', () => signUp(ann, { password: '1234567' }))
await does('sign-up: password too long', () => signUp(ann, { password: 'x'.repeat(129) }))
await does('sign-up: no password', () => signUp(ann, { password: '' }))
await does('sign-up: no e-mail address', () => signUp(ann, { email: 'ann' }))
await does('sign-up: a name that is none', () => signUp(ann, { name: 7 }))
await does('sign-up: nothing', () => ann.client.$fetch('/sign-up/email', { method: 'POST', body: {} }))
await does('sign-up: an array', () => ann.client.$fetch('/sign-up/email', { method: 'POST', body: [] }))
const signedUp = await does('sign-up, unknown fields', () => signUp(ann, { email: email('ANN'), colour: 'blue', emailVerified: true, id: 'mine' }))
check('the e-mail address is in lower case', signedUp.user.email === email('ann'))
check('the server chooses id and emailVerified', signedUp.user.id !== 'mine' && signedUp.user.emailVerified === false)
await does('sign-up: taken', () => signUp(new Browser('open')))
await does('sign-up: taken, in other case', () => signUp(new Browser('open'), { email: email('Ann') }))

const session = await does('get-session', () => ann.client.getSession())
check('it is the user', session.user.id === signedUp.user.id && session.session.userId === session.user.id)
const { token } = await does('token', () => ann.client.$fetch('/token'))
await does('jwks', () => ann.client.jwks())
step = 'token'
const header = decodeProtectedHeader(token)
const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL('/api/auth/jwks', ann.base)), { issuer: ann.base, audience: ann.base })
check(`its header has ${Object.keys(header).sort()}`, header.alg === 'EdDSA')
check(`its claims are ${Object.keys(payload).sort()}`, payload.sub === session.user.id)
check(`it lives ${payload.exp - payload.iat} s`, true)

const desk = new Browser('open')
const signIn = (b, more) => b.client.signIn.email({ email: email('ann'), password, ...more })
await does('sign-in: wrong password', () => signIn(desk, { password: 'wrong horse battery' }))
await does('sign-in: unknown account', () => signIn(desk, { email: email('nobody') }))
await does('sign-in: no e-mail address', () => signIn(desk, { email: 'ann' }))
await does('sign-in: nothing', () => desk.client.$fetch('/sign-in/email', { method: 'POST', body: {} }))
await does('sign-in: rememberMe that is none', () => signIn(desk, { rememberMe: 'yes' }))
await does('sign-in: password too long', () => signIn(desk, { password: 'x'.repeat(129) }))
await does('sign-in: callbackURL of others', () => signIn(desk, { callbackURL: 'https://evil.example/' }))
await does('sign-in', () => signIn(desk, { email: email('Ann') }))
await does('sign-in: callbackURL', () => signIn(new Browser('open'), { callbackURL: '/tasks' }))
const kiosk = new Browser('open')
await does('sign-in: not remembered', () => signIn(kiosk, { rememberMe: false }))
await does('get-session: not remembered', () => kiosk.client.getSession())

const sessions = await does('list-sessions', () => ann.client.listSessions())
check('each sign-in is listed', sessions.length === 4)
const kiosks = (await kiosk.client.getSession()).data.session.token
check('a session has the same token in both', sessions.some((s) => s.token === kiosks))
await does('revoke-session', () => ann.client.revokeSession({ token: kiosks }))
await does('get-session: revoked', () => kiosk.client.getSession())
await does('token: revoked', () => kiosk.client.$fetch('/token'))
await does('revoke-session: unknown', () => ann.client.revokeSession({ token: 'unknown' }))
await does('revoke-session: nothing', () => ann.client.$fetch('/revoke-session', { method: 'POST', body: {} }))

await does('update-user', () => ann.client.updateUser({ name: 'Ann B.', image: 'https://example.org/a.png' }))
check('the name has changed', (await ann.client.getSession()).data.user.name === 'Ann B.')
await does('update-user: no picture', () => ann.client.updateUser({ image: null }))
await does('update-user: nothing', () => ann.client.$fetch('/update-user', { method: 'POST', body: {} }))
await does('update-user: e-mail', () => ann.client.updateUser({ email: email('other') }))

const next = 'another horse battery'
await does('change-password: wrong', () => ann.client.changePassword({ currentPassword: 'wrong horse', newPassword: next }))
await does('change-password: too short', () => ann.client.changePassword({ currentPassword: password, newPassword: 'x' }))
await does('change-password: too long', () => ann.client.changePassword({ currentPassword: password, newPassword: 'x'.repeat(129) }))
await does('change-password: nothing', () => ann.client.$fetch('/change-password', { method: 'POST', body: {} }))
await does('change-password', () => ann.client.changePassword({ currentPassword: password, newPassword: next }))
await does('get-session: after a change elsewhere', () => desk.client.getSession())
const thief = ann.copy('open')
await does('change-password: revokeOtherSessions', () => ann.client.changePassword({ currentPassword: next, newPassword: password, revokeOtherSessions: true }))
await does('get-session: others are revoked', () => desk.client.getSession())
await does('get-session: the cookie before', () => thief.client.getSession())
await does('get-session: the one who changed it', () => ann.client.getSession())
await does('sign-in: the old password', () => signIn(desk, { password: next }))

const evil = ann.copy('open', { origin: 'https://evil.example' })
await does('another origin', () => evil.client.updateUser({ name: 'Evil' }))
evil.headers = { origin: 'null' }
await does('origin null', () => evil.client.updateUser({ name: 'Evil' }))
evil.headers = {}
await does('no origin', () => evil.client.updateUser({ name: 'Evil' }))
evil.headers = { referer: ann.base + '/settings' }
await does('a trusted referer', () => evil.client.updateUser({ name: 'Ann' }))
evil.headers = { referer: 'https://evil.example/' }
await does('another referer', () => evil.client.updateUser({ name: 'Evil' }))
await does('another origin signs in', () => signIn(new Browser('open', { origin: 'https://evil.example' })))
evil.headers = { origin: 'https://evil.example' }
await does('another origin reads', () => evil.client.getSession())

await does('a body that is no JSON', () => ann.client.$fetch('/update-user', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }))
await does('a body of another type', () => ann.client.$fetch('/update-user', { method: 'POST', body: 'name=x', headers: { 'content-type': 'text/plain' } }))
await does('an unknown route', () => ann.client.$fetch('/nowhere'))
await does('a wrong method', () => ann.client.$fetch('/update-user', { method: 'DELETE' }))

for (const [what, change] of Object.entries({
  'cut off': (v) => v.slice(0, -8), 'changed': (v) => v.slice(0, -3) + 'AAA', 'empty': () => '', 'of another form': () => 'x', 'of strange bytes': () => '%00%ff%',
})) {
  const b = ann.copy('open')
  for (const [name, value] of b.cookies) b.cookies.set(name, change(value))
  await does(`a cookie that is ${what}`, () => b.client.getSession())
  await does(`a cookie that is ${what}: token`, () => b.client.$fetch('/token'))
}

const old = ann.copy('open')
await does('sign-out', () => ann.client.signOut())
await does('get-session: signed out', () => ann.client.getSession())
await does('get-session: the cookie of before', () => old.client.getSession())
await does('token: the cookie of before', () => old.client.$fetch('/token'))

await does('sign-in again', () => signIn(ann))
await does('delete-user: wrong password', () => ann.client.deleteUser({ password: 'wrong horse battery' }))
await does('delete-user', () => ann.client.deleteUser({ password }))
await does('get-session: deleted', () => ann.client.getSession())
await does('sign-in: deleted', () => signIn(ann))

await does('sign-up: closed', () => new Browser('closed').client.signUp.email({ name: 'Bob', email: email('bob'), password }))

const many = new Browser('limited', { address: '192.0.2.7' })
for (let i = 1; i <= 4; i++) await does(`sign-in: try ${i} from one address`, () => signIn(many))
await does('sign-in: from another address', () => signIn(new Browser('limited', { address: '192.0.2.8' })))

const safe = new Browser('secure', { origin: 'https://tasks.example.org' })
await does('https: sign-up', () => safe.client.signUp.email({ name: 'Cem', email: email('cem'), password }))
await does('https: get-session', () => safe.client.getSession())
await does('https: sign-in, not remembered', () => safe.client.signIn.email({ email: email('cem'), password, rememberMe: false }))
await does('https: sign-out', () => safe.client.signOut())

for (const row of rows) console.log(JSON.stringify(row))
