import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Task } from '@/api'
import type { Place } from '@/live'
import type { Op } from './ops'

/** `memory`: the browser keeps nothing for this page. `full`: it had no room for the last change. */
export type StorageState = 'ok' | 'memory' | 'full'

type Schema = DBSchema & {
  lists: { key: string; value: { user: string; place: Place } }
  tasks: { key: [string, string]; value: Task; indexes: { user: string } }
  ops: { key: string; value: Op; indexes: { user: string } }
}

/**
 * What the browser keeps: the list with its place in the stream, always of one moment, and the writes that
 * are not acknowledged. Nothing here rejects: without a database, or without room, it says so by `state`
 * and the page goes on in memory.
 */
export class Keep {
  private db: Promise<IDBPDatabase<Schema> | undefined> | undefined
  private current: StorageState = 'ok'
  private readonly listeners = new Set<() => void>()

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

  async writeList(user: string, place: Place, tasks: Task[]): Promise<void> {
    await this.run(async (db) => {
      const tx = db.transaction(['lists', 'tasks'], 'readwrite')
      const store = tx.objectStore('tasks')
      await clear(store, user)
      for (const task of tasks) void store.put(task)
      void tx.objectStore('lists').put({ user, place })
      await tx.done
      return true
    }, true)
  }

  /** `missing`: there is no list of this stream that they could be added to. */
  async writeChanges(user: string, place: Place, changed: Map<string, Task | undefined>): Promise<'kept' | 'missing' | 'failed'> {
    const result = await this.run(async (db) => {
      const tx = db.transaction(['lists', 'tasks'], 'readwrite')
      const list = await tx.objectStore('lists').get(user)
      const fits = list?.place.epoch === place.epoch
      // Another tab may be further.
      if (fits && list.place.position < place.position) {
        for (const [id, task] of changed) void (task ? tx.objectStore('tasks').put(task) : tx.objectStore('tasks').delete([user, id]))
        void tx.objectStore('lists').put({ user, place })
      }
      await tx.done
      return fits ? 'kept' : 'missing'
    }, true)
    return result ?? 'failed'
  }

  async readOps(user: string): Promise<Op[] | undefined> {
    return this.run((db) => db.getAllFromIndex('ops', 'user', user))
  }

  /** Whether it is kept now. */
  async putOp(op: Op): Promise<boolean> {
    return (await this.run((db) => db.put('ops', op), true)) !== undefined
  }

  async dropOp(id: string): Promise<void> {
    await this.run(async (db) => {
      await db.delete('ops', id)
      return true
    })
  }

  /** Removes everything of a user. */
  async forget(user: string): Promise<void> {
    await this.run(async (db) => {
      const tx = db.transaction(['lists', 'tasks', 'ops'], 'readwrite')
      void tx.objectStore('lists').delete(user)
      await clear(tx.objectStore('tasks'), user)
      await clear(tx.objectStore('ops'), user)
      await tx.done
      return true
    })
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
      return await openDB<Schema>(this.name, 1, {
        upgrade(db) {
          db.createObjectStore('lists', { keyPath: 'user' })
          db.createObjectStore('tasks', { keyPath: ['userId', 'id'] }).createIndex('user', 'userId')
          db.createObjectStore('ops', { keyPath: 'id' }).createIndex('user', 'user')
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

function isFull(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'QuotaExceededError' || error.name === 'AbortError')
}
