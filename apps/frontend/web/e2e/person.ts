import { expect, type APIResponse, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from '@playwright/test'
import type { System } from './control'
import type { Guard } from './guard'

export const PASSWORD = 'a long enough password'

/** An account, and the API as its owner's script would call it. */
export class Person {
  private constructor(
    readonly system: System,
    readonly id: string,
    readonly name: string,
    readonly email: string,
    private readonly own: BrowserContext,
  ) {}

  /** Signs a new person up. */
  static async join(system: System, browser: Browser, name = 'Ann Lee'): Promise<Person> {
    const email = `${unique()}@example.org`
    const own = await browser.newContext({ baseURL: system.url, ...elsewhere() })
    const { user } = await enter(own, system, 'sign-up/email', { name, email, password: PASSWORD })
    return new Person(system, user.id, name, email, own)
  }

  /** Signs in, in a context of its own: another device. */
  async signIn(context: BrowserContext): Promise<void> {
    await enter(context, this.system, 'sign-in/email', { email: this.email, password: PASSWORD })
  }

  /** Another browser in which the person is signed in. The guard watches it, too. */
  async device(browser: Browser, guard: Guard, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL: this.system.url, ...elsewhere(), ...options })
    await guard.watch(context)
    await this.signIn(context)
    return context.newPage()
  }

  async add(task: Record<string, unknown> & { title: string }): Promise<{ id: string }> {
    return (await this.call('POST', 'tasks', { priority: 'medium', category: 'home', ...task })) as { id: string }
  }

  async change(id: string, changes: Record<string, unknown>): Promise<void> {
    await this.call('PUT', `tasks/${id}`, changes)
  }

  async remove(id: string): Promise<void> {
    await this.call('DELETE', `tasks/${id}`)
  }

  async tasks(): Promise<{ id: string; title: string; completed: boolean; dueDate: string | null; description: string | null }[]> {
    return (await this.call('GET', 'tasks')) as never
  }

  async titles(): Promise<string[]> {
    return (await this.tasks()).map((task) => task.title).sort()
  }

  async call(method: string, path: string, data?: unknown): Promise<unknown> {
    const answer = await this.own.request.fetch(`/api/${this.id}/${path}`, {
      method,
      headers: { Authorization: `Bearer ${await this.token()}` },
      ...(data === undefined ? {} : { data }),
    })
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`)
    return answer.status() === 204 ? undefined : answer.json()
  }

  /** Every session of the account ends, as when the password was stolen. */
  async endSessions(): Promise<void> {
    await this.token() // what is looked at later needs one; it is good for a quarter of an hour
    await this.system.tasktide(['users', 'reset-password', this.email, '--stdin'], `${PASSWORD}\n`)
  }

  private jwt: string | undefined

  private async token(): Promise<string> {
    if (this.jwt) return this.jwt
    const answer = await this.own.request.get('/api/auth/token')
    this.jwt = ((await checked(answer)) as { token: string }).token
    return this.jwt
  }

  async leave(): Promise<void> {
    await this.own.close()
  }
}

async function enter(context: BrowserContext, system: System, route: string, data: unknown): Promise<{ user: { id: string } }> {
  const headers = { Origin: system.url }
  return (await checked(await context.request.post(`${system.url}/api/auth/${route}`, { data, headers }))) as { user: { id: string } }
}

async function checked(answer: APIResponse): Promise<unknown> {
  expect(answer.ok(), `${answer.url()}: ${answer.status()} ${await answer.text()}`).toBe(true)
  return answer.json()
}

/** A name that no other step uses. */
export function unique(): string {
  return `ann-${Math.random().toString(36).slice(2, 10)}`
}

/** An address has three tries in ten seconds to sign in or up; so each browser sits somewhere else. */
export function elsewhere(): { extraHTTPHeaders: { 'X-Forwarded-For': string } } {
  const byte = () => Math.floor(Math.random() * 254) + 1
  // The network that is set aside for examples of benchmarks.
  return { extraHTTPHeaders: { 'X-Forwarded-For': `198.18.${byte()}.${byte()}` } }
}
