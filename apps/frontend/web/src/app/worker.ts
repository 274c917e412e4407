/** The service worker: in a build, and where browsers allow one (https, or this machine). */
export function registerWorker(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  window.addEventListener('load', () => {
    // Without it the page works as long as there is a network.
    navigator.serviceWorker.register('/sw.js').catch(() => undefined)
  })
}
