/** The service worker: in a build, and where browsers allow one (https, or this machine). */
export function registerWorker(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  // It loads every file of the page: after what the person waits for.
  window.addEventListener('load', () => whenIdle(() => {
    // Without it the page works as long as there is a network.
    navigator.serviceWorker.register('/sw.js').catch(() => undefined)
  }))
}

function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: 3000 })
  else setTimeout(work, 1000)
}
