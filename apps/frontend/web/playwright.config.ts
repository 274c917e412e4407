import { defineConfig, devices } from '@playwright/test'

// `go test ./test/page` starts the servers and runs this with their addresses.
const workers = Number(process.env['PAGE_WORKERS'] ?? 1)
const chromium = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
/** The same without a window; what needs one has @window in its title. */
const shell = process.env['CHROMIUM_SHELL']
const others = process.env['PAGE_ON'] === 'kafka' || process.env['PAGE_ON'] === 'dapr' ? [/@binary/] : []

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  workers,
  fullyParallel: true,
  forbidOnly: true,
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
    launchOptions: { executablePath: chromium },
  },
  projects: [
    { name: 'person', testMatch: '*.spec.ts', grepInvert: shell ? [...others, /@window/] : others, use: { launchOptions: { executablePath: shell || chromium } } },
    ...(shell ? [{ name: 'person in a window', testMatch: '*.spec.ts', grep: /@window/, grepInvert: others }] : []),
    { name: 'figures', testMatch: 'figures.ts' },
    { name: 'pictures', testMatch: 'pictures.ts' },
  ],
})
