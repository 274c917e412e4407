import type { Page, Route } from '@playwright/test'
import { expectAccessibleInBothThemes } from './axe'
import { add, addField, expectConnected, open, row } from './screen'
import { expect, test } from './test'

const problem = (status: number, more: Record<string, string> = {}) => (route: Route) =>
  route.fulfill({ status, contentType: 'application/problem+json', headers: more, body: JSON.stringify({ title: 'x', status, detail: 'said by the test' }) })

// What becomes of the first two tries to save; the third goes through.
const troubles: Record<string, (route: Route) => Promise<void>> = {
  'answers 500': problem(500),
  'answers 503 and when to come again': problem(503, { 'Retry-After': '1' }),
  'answers 429 and when to come again': problem(429, { 'Retry-After': '1' }),
  'is a proxy that answers 502 with a page of its own': (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<html><h1>Bad Gateway</h1></html>' }),
  'answers 200 with the sign-in page of a café': (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<html>Welcome to our WiFi</html>' }),
  'cuts the connection': (route) => route.abort('connectionreset'),
}

for (const [what, trouble] of Object.entries(troubles)) {
  test(`the server ${what}: the task stays in sight, and is saved once`, async ({ page, person }) => {
    await open(page)
    const tries = await failing(page, 2, trouble)
    await add(page, 'Stubborn')
    await expect(row(page, 'Stubborn')).toBeVisible()
    await expect.poll(() => person.titles()).toEqual(['Stubborn'])
    expect(tries()).toBe(3)
    await expect(row(page, 'Stubborn')).toHaveCount(1)
  })
}

test('the server is slow: the task is in sight at once, says that it is not sent, and is saved', async ({ page, person }) => {
  await open(page)
  let go: () => void = () => undefined
  const gate = new Promise<void>((done) => (go = done))
  await failing(page, 1, async (route) => {
    await gate
    await route.continue()
  })
  await add(page, 'Slow')
  await expect(row(page, 'Slow')).toContainText('Not sent yet')
  expect(await person.titles()).toEqual([])
  go()
  await expect(row(page, 'Slow')).not.toContainText('Not sent yet')
  expect(await person.titles()).toEqual(['Slow'])
})

test('the server asks to wait: the rows say so, until it is sent', async ({ page, person }) => {
  await open(page)
  const tries = await failing(page, 1, problem(429, { 'Retry-After': '4' }))
  await add(page, 'Too much')
  await expect(row(page, 'Too much')).toContainText(/The server asked to wait: sent again in [1-4] s/)
  expect(tries()).toBe(1)
  await expect.poll(() => person.titles()).toEqual(['Too much'])
  await expect(row(page, 'Too much')).not.toContainText(/wait|Not sent/)
})

test('the server never answers: the page does not wait for ever, and tries again', async ({ page, person }) => {
  await page.clock.install()
  // The deadline of a request goes by the page's clock here, as all that is waited for.
  await page.addInitScript(() => {
    AbortSignal.timeout = (ms) => {
      const aborting = new AbortController()
      setTimeout(() => aborting.abort(new DOMException('signal timed out', 'TimeoutError')), ms)
      return aborting.signal
    }
  })
  await open(page)
  const tries = await failing(page, 1, () => new Promise(() => undefined))
  await add(page, 'Patience')
  await expect.poll(tries).toBe(1)
  await page.clock.fastForward('00:09')
  await expect(addField(page)).toBeEditable()
  expect(tries()).toBe(1) // nine seconds are slow, and no more
  await page.clock.fastForward('00:20')
  await expect.poll(() => person.titles()).toEqual(['Patience'])
  await expect(row(page, 'Patience')).toHaveCount(1)
})

test('what the server refuses stays, says why, and can be tried again or discarded', async ({ page, person }) => {
  await open(page)
  const refuse = { status: 422, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Invalid', status: 422, detail: 'title is on the list of words', errors: [{ field: 'title', message: 'is on the list of words' }] }) }
  const tries = await failing(page, 2, (route) => route.fulfill(refuse))
  await add(page, 'Refused')
  await expect(row(page, 'Refused')).toContainText('is on the list of words')
  await page.reload()
  await expect(row(page, 'Refused')).toContainText('is on the list of words')
  await row(page, 'Refused').getByRole('button', { name: 'Try again' }).click()
  await expect.poll(tries).toBe(2)
  await row(page, 'Refused').getByRole('button', { name: 'Discard' }).click()
  await expect(row(page, 'Refused')).toHaveCount(0)
  expect(await person.titles()).toEqual([])
})

test('the list does not load: the page says so, tries again when asked to, and has it when the server is well', async ({ page, person }) => {
  await person.add({ title: 'There' })
  let well = false
  let asked = 0
  await page.route('**/api/*/tasks', (route) => {
    if (route.request().method() !== 'GET' || well) return route.fallback()
    asked++
    return problem(500)(route)
  })
  await page.goto('/tasks')
  await expect(page.getByRole('alert')).toContainText(/server/i)
  await expectAccessibleInBothThemes(page, 'a list that does not load')
  const before = asked
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect.poll(() => asked).toBeGreaterThan(before)
  well = true
  await expect(row(page, 'There')).toBeVisible({ timeout: 40_000 })
})

test('no WebSocket gets through: server-sent events take its place', async ({ page, person }) => {
  await page.routeWebSocket(/\/ws/, (socket) => socket.close({ code: 4000 }))
  await page.addInitScript(() => {
    // A proxy that knows no upgrades: the socket never opens.
    class Broken extends EventTarget {
      readyState = 3
      constructor() {
        super()
        setTimeout(() => {
          const close = new CloseEvent('close', { code: 1006 })
          this.dispatchEvent(close)
          ;(this as unknown as { onclose?(e: CloseEvent): void }).onclose?.(close)
        })
      }
      close() {}
      send() {}
    }
    window.WebSocket = Broken as unknown as typeof WebSocket
  })
  await page.goto('/tasks')
  await expectConnected(page)
  await person.add({ title: 'By events' })
  await expect(row(page, 'By events')).toBeVisible()
})

test('storage is forbidden: the page says so, and works', async ({ page, person }) => {
  await page.addInitScript(() => {
    const denied = () => {
      throw new DOMException('denied', 'SecurityError')
    }
    Object.defineProperty(window, 'localStorage', { get: denied })
    Object.defineProperty(window, 'indexedDB', { get: denied })
  })
  await open(page)
  await expect(page.getByRole('note')).toContainText(/keeps nothing/)
  await add(page, 'Not kept here')
  await expect.poll(() => person.titles()).toEqual(['Not kept here'])
})

test('storage is full: the page says so, and works', async ({ page, person }) => {
  await page.addInitScript(() => {
    const full = () => {
      throw new DOMException('no room', 'QuotaExceededError')
    }
    IDBObjectStore.prototype.put = full
    Storage.prototype.setItem = full
  })
  await open(page)
  await add(page, 'No room')
  await expect(page.getByRole('note')).toContainText(/no room/)
  await expect.poll(() => person.titles()).toEqual(['No room'])
})

/** Lets the first creates of a page fail. Returns how many were tried. */
async function failing(page: Page, times: number, how: (route: Route) => Promise<void>): Promise<() => number> {
  let tries = 0
  await page.context().route('**/api/*/tasks', (route) => {
    if (route.request().method() !== 'POST' || ++tries > times) return route.fallback()
    return how(route)
  })
  return () => tries
}
