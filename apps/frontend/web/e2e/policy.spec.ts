import { open } from './screen'
import { expect, test } from './test'

test('the policy lets nothing inline in, and each answer has a nonce of its own', async ({ request }) => {
  const policies = await Promise.all([request.get('/tasks'), request.get('/tasks')].map(async (answer) => (await answer).headers()['content-security-policy'] ?? ''))
  for (const policy of policies) {
    expect(policy).toMatch(/script-src [^;]*'nonce-/)
    expect(policy).not.toContain('unsafe-inline')
    expect(policy).not.toContain('unsafe-eval')
  }
  expect(new Set(policies).size).toBe(2)
})

test('a violation, an uncaught error and a foreign request are seen by what watches every step', async ({ page, guard }) => {
  await open(page)
  expect(guard.take()).toEqual([])
  const seen: string[] = []
  const all = () => {
    seen.push(...guard.take())
    return seen.join('\n')
  }
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.ran = true'
    document.head.append(script)
  })
  await expect.poll(all).toContain('script-src')
  expect(await page.evaluate(() => 'ran' in window)).toBe(false)
  await page.evaluate(() => void setTimeout(() => { throw new Error('nobody catches this') }))
  await expect.poll(all).toContain('uncaught: Error: nobody catches this')
  await page.evaluate(() => console.error('said on the console'))
  await expect.poll(all).toContain('console: said on the console')
  await page.evaluate(() => void fetch('https://elsewhere.invalid/').catch(() => undefined))
  await expect.poll(all).toContain('connect-src blocked https://elsewhere.invalid')
  await page.context().newPage().then((other) => other.goto('http://127.0.0.1:1/').catch(() => undefined))
  await expect.poll(all).toContain('request to another origin: http://127.0.0.1:1/')
  guard.rest()
})
