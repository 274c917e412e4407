import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { freshDist } from './build/fresh-dist.ts'
import { serviceWorker } from './build/service-worker.ts'

const backend = process.env['TASKTIDE_URL'] ?? `http://127.0.0.1:${process.env['TASKTIDE_PORT'] ?? '8000'}`
const passed = ['/api', '/health', '/ready', '/metrics', '/docs', '/openapi.json', '/asyncapi.json']

export default defineConfig({
  plugins: [react(), tailwind(), serviceWorker(), freshDist()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  // The gateway puts a fresh nonce in its place for each response.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: 'es2022',
    // dist/.gitignore is part of the repository; fresh-dist removes the rest.
    emptyOutDir: false,
    // A data: URL would need an exception in the policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    // What every screen needs comes in one file; twenty small ones cost a slow processor more than they save.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'page', tags: ['$initial'], test: /^(?!.*[\\/]src[\\/]worker[\\/])/ }] } } },
  },
  server: {
    port: Number(process.env['PORT'] ?? 5173),
    proxy: {
      // The backend trusts its own origin only, so requests carry it.
      ...Object.fromEntries(passed.map((path) => [path, { target: backend, headers: { origin: backend } }])),
      '/ws': { target: backend, ws: true, headers: { origin: backend } },
    },
  },
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'build/**/*.test.ts'],
    environment: 'node',
    // A hundred made-up histories take a busy machine longer than the default of 5 s.
    testTimeout: 30_000,
    // Local times of the machine must not leak into what is tested.
    env: { TZ: 'Pacific/Auckland' },
  },
})
