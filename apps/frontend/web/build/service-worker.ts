import { createHash } from 'node:crypto'
import type { Plugin } from 'vite'

/** What the worker keeps: everything that is built, but for itself and source maps. */
export function precached(names: string[]): string[] {
  return names.filter((name) => name !== 'sw.js' && !name.endsWith('.map')).sort()
}

/**
 * Builds src/worker/sw.ts to /sw.js and writes into it the list of all built files and a version that
 * changes when any of them does. Names under assets/ have a hash of their content.
 */
export function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'chunk', id: 'src/worker/sw.ts', fileName: 'sw.js' })
    },
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle['sw.js']
        if (worker?.type !== 'chunk') this.error('the service worker was not built')
        const files = precached(Object.keys(bundle).filter((name) => name.startsWith('assets/')))
        const hash = createHash('sha256').update(worker.code)
        for (const name of Object.keys(bundle).sort()) {
          const file = bundle[name]
          if (file && name !== 'sw.js') hash.update(name).update(file.type === 'chunk' ? file.code : file.source)
        }
        worker.code = worker.code
          .replace('__FILES__', JSON.stringify(files.map((name) => `/${name}`)))
          .replace('__VERSION__', JSON.stringify(hash.digest('hex').slice(0, 12)))
      },
    },
  }
}
