import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from 'idb'
import type { Task } from '@/api'
import type { Place } from '@/live'
import { note, strike } from './journal'
import { isOp, type Op } from './ops'

/** `memory`: the browser keeps nothing for this page. `full`: it had no room for the last change. */
export type StorageState = 'ok' | 'memory' | 'full'

type Schema = DBSchema & {
  lists: { key: string; value: { user: string; place: Place } }
  tasks: { key: [string, string]; value: Task; indexes: { user: string } }
  ops: { key: string; value: Op; indexes: { user: string } }
  names: { key: string; value: Name; indexes: { user: string } }
  /** For whom something may be kept. */
  users: { key: string; value: { user: string } }
}

type Store = 'lists' | 'tasks' | 'ops' | 'names'

/** The server gave a new task its id. Another tab may still write of it by the name that it had before. */
export type Name = { name: string; user: string; id: string; version: number; at: number }

/** No tab writes by a name that is that old. */
const NAME_LIFETIME_MS = 86_400_000

/**
 * What the browser keeps: the list with its place in the stream, always of one moment, and the writes that
 * are not acknowledged. It keeps them between `begin` and `forget` of their user, in whichever tab those
 * are called: what another tab still wants to write after a `forget` is not kept. Nothing here rejects: without
 * a database, or without room, it says so by `state` and the page goes on in memory.
 */
export class Keep {
  private db: Promise<IDBPDatabase<Schema> | undefined> | undefined
  private current: StorageState = 'ok'
  private readonly listeners = new Set<() => void>()
  private readonly beginning = new Set<string>()

  constructor(private readonly name = 'tasktide') {}

  state = (): StorageState => this.current

  onState = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  async readList(user: string): Promise<{ place: Place; tasks: Task[] } | undefined> {
    return this.run(async (db) => {
      const tx = db.transaction(['lists', 'tasks'])
      const list = await tx.objectStore('lists').get(user)
      const tasks = list ? await tx.objectStore('tasks').index('user').getAll(user) : []
      return list && { place: list.place, tasks }
    })
  }

  /** From now on something of this user may be kept. */
  async begin(user: string): Promise<void> {
    this.beginning.add(user)
    await this.write(user, [], () => Promise.resolve(true))
  }

  /** What could not begin yet does not any more: somebody may have forgotten the user meanwhile. */
  end(user: string): void {
    this.beginning.delete(user)
  }

  /** Takes a list in place of the one that is kept, unless that one is newer. */
  async writeList(user: string, place: Place, tasks: Task[]): Promise<void> {
    await this.write(user, ['lists', 'tasks'], async (tx) => {
      const kept = await tx.objectStore('lists').get(user)
      if (kept && kept.place.epoch === place.epoch && kept.place.position > place.position) return
      const store = tx.objectStore('tasks')
      await clear(store, user)
      for (const task of tasks) void store.put(task)
      void tx.objectStore('lists').put({ user, place })
    })
  }

  /** `missing`: there is no list that they could be added to. `other`: there is one, of another stream. */
  async writeChanges(user: string, place: Place, changed: Map<string, Task | undefined>): Promise<'kept' | 'missing' | 'other' | 'failed'> {
    const result = await this.write(user, ['lists', 'tasks'], async (tx) => {
      const list = await tx.objectStore('lists').get(user)
      if (list?.place.epoch !== place.epoch) return list ? 'other' : 'missing'
      // Another tab may be further.
      if (list.place.position < place.position) {
        for (const [id, task] of changed) void (task ? tx.objectStore('tasks').put(task) : tx.objectStore('tasks').delete([user, id]))
        void tx.objectStore('lists').put({ user, place })
      }
      return 'kept'
    })
    return result ?? 'failed'
  }

  async readOps(user: string): Promise<Op[] | undefined> {
    return this.run(async (db) => {
      const tx = db.transaction(['ops', 'names'])
      const [ops, names] = await Promise.all([tx.objectStore('ops').index('user').getAll(user), tx.objectStore('names').index('user').getAll(user)])
      const byName = new Map(names.map((one) => [one.name, one]))
      return ops.filter(isOp).map((op) => named(op, byName.get(op.taskId)))
    })
  }

  /** What the server made of a new task, if it has. */
  async readName(user: string, name: string): Promise<Name | undefined> {
    const found = await this.run((db) => db.get('names', name))
    return found?.user === user ? found : undefined
  }

  /** All of it, or nothing. Whether it is kept now. */
  async writeOps(user: string, put: readonly Op[], drop: readonly string[], name?: Name): Promise<boolean> {
    const result = await this.write(user, ['ops', 'names'], async (tx) => {
      const store = tx.objectStore('ops')
      for (const op of put) void store.put(op)
      for (const id of drop) void store.delete(id)
      if (!name) return true
      const names = tx.objectStore('names')
      for (const old of await names.index('user').getAll(user)) if (old.at < name.at - NAME_LIFETIME_MS) void names.delete(old.name)
      void names.put(name)
      return true
    })
    return result ?? false
  }

  /** What is about to be written is safe from the moment that it is noted, until it is struck. */
  note(user: string, id: string, op: Op | undefined): void {
    note(user, id, op)
  }

  strike(user: string, id: string): void {
    strike(user, id)
  }

  /** Removes everything of a user, or of everybody but one. */
  async forget(who: { user: string } | { allBut: string | undefined }): Promise<void> {
    await this.run(async (db) => {
      const tx = db.transaction(['users', 'lists', 'tasks', 'ops', 'names'], 'readwrite')
      const all = async () => new Set([...(await tx.objectStore('users').getAllKeys()), ...(await tx.objectStore('lists').getAllKeys())])
      for (const user of 'user' in who ? [who.user] : await all()) {
        if ('allBut' in who && user === who.allBut) continue
        void tx.objectStore('users').delete(user)
        void tx.objectStore('lists').delete(user)
        await clear(tx.objectStore('tasks'), user)
        await clear(tx.objectStore('ops'), user)
        await clear(tx.objectStore('names'), user)
      }
      await tx.done
      return true
    })
  }

  /** Writes if the user was not forgotten meanwhile; undefined if so, or if it could not be kept. */
  private async write<T, S extends Store>(user: string, stores: S[], work: (tx: IDBPTransaction<Schema, (S | 'users')[], 'readwrite'>) => Promise<T>): Promise<T | undefined> {
    return this.run(async (db) => {
      const tx = db.transaction<(S | 'users')[], 'readwrite'>([...stores, 'users'], 'readwrite')
      const users = tx.objectStore('users' as S | 'users')
      // Where there was no room for that before, it comes with the first write for which there is.
      const begins = this.beginning.has(user)
      if (begins) void users.put({ user } as never)
      const result = begins || (await users.get(user)) ? await work(tx) : undefined
      await tx.done
      this.beginning.delete(user)
      return result
    }, true)
  }

  /** `stores`: that it went well says that there is room. */
  private async run<T>(work: (db: IDBPDatabase<Schema>) => Promise<T>, stores = false, again = true): Promise<T | undefined> {
    this.db ??= this.open()
    const db = await this.db
    if (!db) return undefined
    try {
      const result = await work(db)
      if (stores && this.current === 'full') this.show('ok')
      return result
    } catch (error) {
      // The browser, or another tab with a newer page, closed the database.
      if (error instanceof DOMException && error.name === 'InvalidStateError') {
        this.db = undefined
        if (again) return this.run(work, stores, false)
      }
      this.show(isFull(error) ? 'full' : 'memory')
      return undefined
    }
  }

  private async open(): Promise<IDBPDatabase<Schema> | undefined> {
    try {
      return await openDB<Schema>(this.name, 2, {
        upgrade(db, before) {
          if (before < 1) {
            db.createObjectStore('lists', { keyPath: 'user' })
            db.createObjectStore('tasks', { keyPath: ['userId', 'id'] }).createIndex('user', 'userId')
            db.createObjectStore('ops', { keyPath: 'id' }).createIndex('user', 'user')
          }
          db.createObjectStore('names', { keyPath: 'name' }).createIndex('user', 'user')
          db.createObjectStore('users', { keyPath: 'user' })
        },
        blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
        terminated: () => {
          this.db = undefined
        },
      })
    } catch {
      this.show('memory')
      return undefined
    }
  }

  private show(state: StorageState): void {
    if (state === this.current) return
    this.current = state
    for (const listener of this.listeners) listener()
  }
}

type Cursor = { delete(): Promise<void>; continue(): Promise<Cursor | null> }
type Clearable = { index(name: 'user'): { openCursor(key: string): Promise<unknown> } }

async function clear(store: Clearable, user: string): Promise<void> {
  let cursor = (await store.index('user').openCursor(user)) as Cursor | null
  while (cursor) {
    void cursor.delete()
    cursor = await cursor.continue()
  }
}

function named(op: Op, name: Name | undefined): Op {
  return name && op.kind !== 'create' ? { ...op, taskId: name.id, seen: Math.max(op.seen, name.version) } : op
}

function isFull(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'QuotaExceededError' || error.name === 'AbortError')
}
