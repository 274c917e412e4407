import { test as base, expect, type BrowserContext, type Page } from '@playwright/test'
import { MODE, System } from './control'
import { Guard } from './guard'
import { elsewhere, Person } from './person'

type Fixtures = {
  /**
   * `own`: servers with which this step can do what it wants; `closed`: the same, where nobody can sign up. On a cluster all
   * steps have the same ones, one step at a time.
   */
  servers: 'shared' | 'own' | 'closed'
  system: System
  guard: Guard
  /** A browser in which nobody is signed in. */
  visitor: Page
  /** Somebody with an account. */
  person: Person
  /** A browser in which the person is signed in. */
  page: Page
}

export const test = base.extend<Fixtures & { context: BrowserContext }>({
  servers: ['shared', { option: true }],

  system: async ({ servers }, give) => {
    const shared = servers === 'shared' || MODE !== 'binary'
    await give(shared ? await System.main() : await System.own(servers === 'own' ? ['SIGN_UP=open'] : []))
  },

  baseURL: async ({ system }, give) => {
    await give(system.url)
  },

  // eslint-disable-next-line no-empty-pattern -- Playwright wants to see that it needs nothing
  extraHTTPHeaders: async ({}, give) => {
    await give(elsewhere().extraHTTPHeaders)
  },

  guard: async ({ system }, give) => {
    const guard = new Guard(new URL(system.url).origin)
    await give(guard)
    expect(guard.take()).toEqual([])
  },

  context: async ({ context, guard }, give) => {
    await guard.watch(context)
    await give(context)
  },

  visitor: async ({ context }, give) => {
    await give(await context.newPage())
  },

  person: async ({ system, browser }, give) => {
    const person = await Person.join(system, browser)
    await give(person)
    await person.leave()
  },

  page: async ({ context, person }, give) => {
    await person.signIn(context)
    await give(await context.newPage())
  },
})

export { expect }
