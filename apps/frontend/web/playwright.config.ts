import { defineConfig, devices } from '@playwright/test'

// `go test ./test/page` starts the servers and runs this with their addresses.
const workers = Number(process.env['PAGE_WORKERS'] ?? 1)

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  workers,
  fullyParallel: true,
  forbidOnly: true,
  ...(process.env['PAGE_ON'] === 'kafka' || process.env['PAGE_ON'] === 'dapr' ? { grepInvert: /@binary/ } : {}),
  // A step that passes at the second try has failed.
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list', { printSteps: false }]],
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    // A recording of every step makes all of them a third slower: PAGE_TRACE=1 asks for it.
    trace: process.env['PAGE_TRACE'] ? 'retain-on-failure' : 'off',
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' },
  },
  projects: [
    { name: 'person', testMatch: '*.spec.ts' },
    { name: 'figures', testMatch: 'figures.ts' },
    { name: 'pictures', testMatch: 'pictures.ts' },
  ],
})
