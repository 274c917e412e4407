// @vitest-environment happy-dom
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { Keep } from './keep'
import type { Deletion, TaskStore } from './tasks'
import { body, World, type Fault } from './world.test-util'

vi.mock('@/api', async () => ({ ...(await import('@/api/errors')), tokenAtHand: () => undefined, rememberedUser: () => ({ id: 'ann' }) }))

/** What a person, the network and the server may do, in any order. Tabs and tasks are named by number. */
type Step =
  | { do: 'create'; tab: number; title: string }
  | { do: 'update'; tab: number; task: number; field: 'title' | 'priority' | 'category'; value: number }
  | { do: 'complete' | 'remove' | 'undo' | 'retry'; tab: number; task: number }
  | { do: 'elsewhere'; task: number; text: string }
  | { do: 'fault'; fault: Fault }
  | { do: 'pause'; ms: number }
  | { do: 'close'; tab: number }
  | { do: 'settle'; tab: number }
  | { do: 'stream'; tab: number }

const tab = fc.integer({ min: 0, max: 1 })
const task = fc.integer({ min: 0, max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('create' as const), tab, title: fc.string({ minLength: 1, maxLength: 3 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('update' as const), tab, task, field: fc.constantFrom('title' as const, 'priority' as const, 'category' as const), value: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('complete' as const, 'remove' as const, 'undo' as const, 'retry' as const), tab, task }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('elsewhere' as const), task, text: fc.constantFrom('x', 'y') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('fault' as const), fault: fc.constantFrom<Fault>('network', 'timeout', 'lost', 422, 429, 500, 503) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pause' as const), ms: fc.integer({ min: 0, max: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'settle' as const, 'stream' as const), tab }) },
)

const VALUES = { title: ['a', 'b', 'c'], priority: ['low', 'medium', 'high'], category: ['home', 'work', 'other'] } as const

/** A task as the person wants it, by what they did last; `gone` from the moment that nobody can undo it; `noted`: what another device wrote. */
type Wish = { key: string; id: string | undefined; wanted: { title: string; priority: string; category: string; completed: boolean }; deletion: (Deletion & { tab: number }) | undefined; gone: boolean; noted?: string }

class Run {
  readonly world = new World()
  readonly stores: TaskStore[] = []
  readonly wishes: Wish[] = []
  private readonly applied = new Map<TaskStore, number>()
  private readonly keep = new Keep(this.world.name)

  async begin(): Promise<void> {
    this.world.server.add(body('first'))
    for (const n of [0, 1]) await this.openTab(n)
    const [row] = this.store(0).snapshot().rows
    if (row) this.wishes.push({ key: row.key, id: row.task.id, wanted: wantedOf(row.task), deletion: undefined, gone: false })
  }

  store(n: number): TaskStore {
    return this.stores[n] as TaskStore
  }

  private async openTab(n: number): Promise<void> {
    this.stores[n] = await this.world.open({ named: (before, id) => this.wishes.filter((w) => w.key === before).forEach((w) => (w.id = id)) })
    await this.store(n).reload().catch(() => undefined)
    this.applied.set(this.store(n), this.world.server.events.length)
  }

  async take(one: Step): Promise<void> {
    this.world.time += 1 // nobody acts in two tabs within a millisecond
    if (one.do === 'fault') return void this.world.server.faults.push(one.fault)
    if (one.do === 'pause') return new Promise((resolve) => setTimeout(resolve, one.ms))
    if (one.do === 'close') return this.close(one.tab)
    if (one.do === 'settle') return this.settle()
    if (one.do === 'stream') return this.stream(one.tab)
    if (one.do === 'elsewhere') return this.elsewhere(this.wishes[one.task], one.text)
    const store = this.store(one.tab)
    if (one.do === 'create') {
      const key = store.create(body(one.title))
      this.wishes.push({ key, id: undefined, wanted: wantedOf(body(one.title)), deletion: undefined, gone: false })
      return
    }
    const wish = this.wishes[one.task]
    if (!wish) return
    if (one.do === 'undo') return this.undo(wish)
    const row = store.snapshot().rows.find((r) => r.key === wish.key || r.task.id === wish.id)
    // A tab may not know of a task yet, or may not know yet what another tab did to it last: nobody would act on that.
    if (!row || wish.deletion || wish.gone || !agrees(row.task, wish)) return
    if (one.do === 'retry') return void row.ops.forEach((op) => op.state === 'failed' && store.retry(op.id))
    if (one.do === 'update') {
      const value = VALUES[one.field][one.value] as never
      wish.wanted = { ...wish.wanted, [one.field]: value }
      store.update(row.key, { [one.field]: value })
    } else if (one.do === 'complete') {
      wish.wanted = { ...wish.wanted, completed: !row.task.completed }
      store.complete(row.key, !row.task.completed)
    } else {
      const deletion = store.remove(row.key)
      wish.deletion = deletion && { ...deletion, tab: one.tab }
    }
  }

  /** Another device writes what nobody writes here. */
  private elsewhere(wish: Wish | undefined, text: string): void {
    if (wish?.id === undefined || !this.world.server.tasks.has(wish.id)) return
    this.world.server.change(wish.id, { description: text })
    wish.noted = text
  }

  private undo(wish: Wish): void {
    wish.deletion?.undo()
    wish.deletion = undefined
  }

  /** The tab goes, and with it whoever could undo its deletions. Another one opens in its place. */
  private async close(n: number): Promise<void> {
    for (const wish of this.wishes) if (wish.deletion?.tab === n) this.sent(wish)
    this.world.close(this.store(n))
    await this.openTab(n)
  }

  private sent(wish: Wish): void {
    wish.deletion?.send()
    wish.deletion = undefined
    wish.gone = true
  }

  /** What was done a moment ago is in the database. */
  private async kept(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0))
    await this.keep.readOps('ann')
  }

  private stream(n: number): void {
    const store = this.store(n)
    for (const event of this.world.server.events.slice(this.applied.get(store))) store.apply(event)
    this.applied.set(store, this.world.server.events.length)
  }

  private async settle(): Promise<void> {
    await this.kept()
    this.world.time += 120_000
    await Promise.all(this.stores.map((store) => store.send()))
  }

  /** The network is back, the server takes everything, and the person tries again what was refused. */
  async end(): Promise<void> {
    this.world.server.faults.length = 0
    for (const wish of this.wishes) if (wish.deletion) this.sent(wish)
    for (let i = 0; i < 20; i++) {
      await this.settle()
      const ops = this.stores.flatMap((store) => store.snapshot().rows.flatMap((row) => row.ops.map((op) => ({ store, op }))))
      const waiting = this.stores.some((store) => store.snapshot().waiting + store.snapshot().stuck > 0)
      if (!waiting) return
      for (const { store, op } of ops) {
        if (op.state === 'failed') store.retry(op.id)
        if (op.state === 'conflict') store.resolve(op.id, 'mine')
      }
    }
  }
}

function wantedOf(is: { title: string; priority: string; category: string; completed?: boolean }): Wish['wanted'] {
  return { title: is.title, priority: is.priority.toLowerCase(), category: is.category.toLowerCase(), completed: is.completed ?? false }
}

function agrees(is: Parameters<typeof wantedOf>[0], wish: Wish): boolean {
  return JSON.stringify(wantedOf(is)) === JSON.stringify(wish.wanted)
}

test('whatever is done in whatever order, on two tabs and another device, with tabs that are killed, answers lost and writes refused: in the end the server has what was wanted last, each task once, and nothing is left to send', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      localStorage.clear() // of a run that failed
      const run = new Run()
      try {
        await run.begin()
        for (const one of steps) await run.take(one)
        await run.end()
        const left = run.stores.flatMap((store) => store.snapshot().rows.flatMap((row) => row.ops))
        expect(left).toEqual([])
        const wanted = run.wishes.filter((wish) => !wish.gone).map((wish) => ({ ...wish.wanted, noted: wish.noted ?? null }))
        expect(sorted([...run.world.server.tasks.values()].map((task) => ({ ...wantedOf(task), noted: task.description })))).toEqual(sorted(wanted))
      } finally {
        run.world.end()
      }
    }),
    { numRuns: 300 },
  )
}, 120_000)

function sorted<T>(list: T[]): string[] {
  return list.map((one) => JSON.stringify(one)).sort()
}
