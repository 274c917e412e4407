// The service worker: the page opens without a network. It keeps the built files and index.html, and
// nothing of the API: a list that it kept would be older than the one in the database of the page.

declare const self: ServiceWorkerGlobalScope
declare const __FILES__: string[]
declare const __VERSION__: string

const CACHE = `tasktide-${__VERSION__}`
const PAGE = '/index.html'

self.addEventListener('install', (event) => {
  pastTheWorker(event)
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([new Request(PAGE, { cache: 'reload' }), ...__FILES__]))
      .then(() => self.skipWaiting()),
  )
})

/** The API's requests don't come here: one that is sent while the page is left would be lost on the way. */
function pastTheWorker(event: ExtendableEvent): void {
  const { addRoutes } = event as ExtendableEvent & { addRoutes?(rule: unknown): Promise<void> }
  // Browsers without it send what the worker does not answer themselves.
  event.waitUntil(Promise.resolve(addRoutes?.call(event, { condition: { urlPattern: '/api/*' }, source: 'network' })).catch(() => undefined))
}

self.addEventListener('activate', (event) => {
  event.waitUntil(tidy().then(() => self.clients.claim()))
})

/** Keeps the version before too: a page of it may be open, and load its parts later. */
async function tidy(): Promise<void> {
  const older = (await caches.keys()).filter((name) => name.startsWith('tasktide-') && name !== CACHE)
  await Promise.all(older.slice(0, -1).map((name) => caches.delete(name)))
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    if (isPage(url.pathname)) event.respondWith(page(event))
    return
  }
  if (url.pathname.startsWith('/assets/')) event.respondWith(kept(request))
})

// A reminder that was shown outside the page leads to its task.
self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const { url } = event.notification.data as { url: string }
  event.waitUntil(
    self.clients.matchAll({ type: 'window' }).then(async ([client]) => {
      if (!client) return void (await self.clients.openWindow(url))
      await client.focus()
      await client.navigate(url)
    }),
  )
})

/** The addresses of the API, its documents and the probes are not the page's. */
function isPage(path: string): boolean {
  return !/^\/(api|ws|docs|health|ready|metrics)(\/|$)|\.(json|webmanifest|png|svg|ico|txt|js)$/.test(path)
}

/** The network's page, so that a new version is seen at once; the kept one when there is none, or no good answer soon. */
async function page(event: FetchEvent): Promise<Response> {
  const fallback = await (await caches.open(CACHE)).match(PAGE)
  if (!fallback) return fetch(event.request)
  try {
    const answer = await fetch(event.request, { signal: AbortSignal.timeout(3000) })
    return answer.ok || answer.type === 'opaqueredirect' ? answer : fallback
  } catch {
    return fallback
  }
}

async function kept(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request)
}

export {}
