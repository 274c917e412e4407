import type { BrowserContext, ConsoleMessage, Page } from '@playwright/test'

/**
 * Watches a browser for what must never happen, whatever a step is about: a violation of the policy, an
 * error that nobody caught, an error on the console, a request that leaves the origin.
 */
export class Guard {
  private seen: string[] = []
  private resting = false

  constructor(private readonly origin: string) {}

  async watch(context: BrowserContext): Promise<void> {
    await context.exposeBinding('violated', (_source, what: string) => this.note(`violation of the Content-Security-Policy: ${what}`))
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const where = `${event.sourceFile}:${event.lineNumber} ${event.sample}`
        void (window as unknown as { violated(what: string): void }).violated(`${event.effectiveDirective} blocked ${event.blockedURI} at ${where}`)
      })
    })
    context.on('weberror', (error) => this.note(`uncaught: ${error.error().stack ?? error.error().message}`))
    context.on('console', (message) => this.console(message))
    context.on('request', (request) => this.request(request.url()))
    context.on('page', (page) => this.sockets(page))
  }

  private note(what: string): void {
    if (!this.resting) this.seen.push(what)
  }

  private sockets(page: Page): void {
    page.on('websocket', (socket) => this.request(socket.url().replace(/^ws/, 'http')))
  }

  private console(message: ConsoleMessage): void {
    // What the browser itself says of answers and connections is not the page's; steps break both on purpose.
    if (message.type() !== 'error' || /^Failed to load resource|^WebSocket connection to|net::ERR_|^An unknown error occurred when fetching the script\.$/.test(message.text())) return
    this.note(`console: ${message.text()}`)
  }

  private request(url: string): void {
    const { origin, protocol } = new URL(url)
    if (origin !== this.origin && protocol !== 'data:' && protocol !== 'blob:') this.note(`request to another origin: ${url}`)
  }

  /** Forgets what comes from now on: for the step that breaks everything on purpose. */
  rest(): void {
    this.resting = true
    this.seen = []
  }

  /** What was seen since the last time this was asked. */
  take(): string[] {
    const seen = this.seen
    this.seen = []
    return seen
  }
}
