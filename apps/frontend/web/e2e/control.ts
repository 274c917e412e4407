import { request, type APIRequestContext } from '@playwright/test'

/** What the steps are run on: one binary, or a cluster behind its gateway. */
export const MODE = process.env['PAGE_ON'] ?? 'binary'

const control = process.env['PAGE_CONTROL']

/** One set of servers that a browser can open. */
export class System {
  private constructor(
    private readonly api: APIRequestContext,
    private readonly id: string,
    readonly url: string,
    /** The link that makes the first operator's account. */
    readonly firstRun: string,
  ) {}

  /** The servers that are there for all steps. */
  static main(): Promise<System> {
    return System.of((api) => api.get('systems/main'))
  }

  /** One binary more, for a step that needs it to itself. */
  static own(settings: string[] = []): Promise<System> {
    return System.of((api) => api.post('systems', { data: settings }))
  }

  private static async of(ask: (api: APIRequestContext) => ReturnType<APIRequestContext['get']>): Promise<System> {
    if (!control) throw new Error('PAGE_CONTROL is not set: go test ./test/page runs these steps')
    const api = await request.newContext({ baseURL: `${control}/` })
    const answer = await ask(api)
    if (!answer.ok()) throw new Error(`the control: ${answer.status()} ${await answer.text()}`)
    const { id, url, firstRun } = (await answer.json()) as { id: string; url: string; firstRun: string }
    return new System(api, id, url, firstRun)
  }

  /** Kills every process of ours at once. */
  async down(): Promise<void> {
    await this.post('down')
  }

  /** Starts them again, and waits until they are ready. */
  async up(): Promise<void> {
    await this.post('up')
  }

  /** Puts a newer version of the program into the place of the one that is down: one with another page. For a binary of the step's own. */
  async upgrade(): Promise<void> {
    await this.post('upgrade')
  }

  /** The database takes no audit entries of the user any more: each of their events becomes a dead letter. `false` ends that. */
  async refuseAuditOf(user: string, refuse = true): Promise<void> {
    await this.post('refuse', { user, over: !refuse })
  }

  /** Runs the operator's command line, and returns what it printed. */
  async tasktide(args: string[], stdin = ''): Promise<string> {
    return (await this.post('tasktide', { args, stdin })) as string
  }

  private async post(what: string, data: unknown = {}): Promise<unknown> {
    const answer = await this.api.post(`systems/${this.id}/${what}`, { data, timeout: 90_000 })
    if (!answer.ok()) throw new Error(`${what}: ${answer.status()} ${await answer.text()}`)
    return answer.json()
  }
}
