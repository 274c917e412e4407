import type { Page } from '@playwright/test'

/** Everything that the browser keeps for the page. */
export async function kept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const parts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)]
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise<IDBDatabase>((done, failed) => {
        const opening = indexedDB.open(name ?? '')
        opening.onsuccess = () => done(opening.result)
        opening.onerror = () => failed(opening.error ?? new Error(name))
      })
      for (const store of db.objectStoreNames) {
        const all = db.transaction(store).objectStore(store).getAll()
        await new Promise((done) => (all.onsuccess = done))
        parts.push(JSON.stringify(all.result))
      }
      db.close()
    }
    return parts.join('\n')
  })
}
