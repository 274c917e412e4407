import { addField, expectConnected, expectNotReloaded, mark, open, row } from './screen'
import { expect, test } from './test'

type Manifest = { name: string; start_url: string; scope: string; display: string; icons: { src: string; sizes: string; type: string; purpose?: string }[]; shortcuts: { name: string; url: string }[] }

test('the page can be installed: the manifest holds, its icons are what it says, the service worker is in charge', async ({ page }) => {
  await open(page, '/')
  const browser = await page.context().newCDPSession(page)
  const { errors, data } = await browser.send('Page.getAppManifest')
  expect(errors).toEqual([])
  const manifest = JSON.parse(data ?? '') as Manifest
  expect(manifest).toMatchObject({ name: 'Tasktide', start_url: '/', scope: '/', display: 'standalone' })
  const found = await page.evaluate(async (icons) => {
    const sizes: string[] = []
    for (const { src, type } of icons) {
      const answer = await fetch(src)
      const image = new Image()
      image.src = src
      await image.decode()
      sizes.push(`${answer.headers.get('content-type')} ${type === 'image/svg+xml' ? 'any' : `${image.naturalWidth}x${image.naturalHeight}`}`)
    }
    return sizes
  }, manifest.icons)
  expect(found).toEqual(manifest.icons.map(({ type, sizes }) => `${type} ${sizes}`))
  expect(manifest.icons.some(({ purpose }) => purpose === 'maskable')).toBe(true)

  await page.evaluate(() => navigator.serviceWorker.ready)
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toMatch(/\/sw\.js$/)
  const { installabilityErrors } = await browser.send('Page.getInstallabilityErrors')
  // Every step has a browser that keeps nothing, which is the one thing that is in the way.
  expect(installabilityErrors.map((e) => e.errorId).filter((id) => id !== 'in-incognito')).toEqual([])

  for (const { name, url } of manifest.shortcuts) {
    await open(page, url)
    if (name === 'Add a task') await expect(addField(page)).toBeFocused()
    else await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  }
})

test.describe('a newer version', () => {
  test.use({ servers: 'own' })

  test('while the page is open: nothing is lost, the open one goes on, the next visit has the new one @binary', async ({ page, person, system }) => {
    test.setTimeout(150_000) // another version is built
    await person.add({ title: 'There before' })
    await open(page)
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    await expectConnected(page)
    await mark(page)
    await expect(addField(page)).toHaveAttribute('placeholder', /^Add a task/)
    await addField(page).fill('Half a sentence')

    await system.down()
    await system.upgrade()
    await system.up()
    await expectConnected(page)

    // A second tab has the new page, and its service worker takes over; what the first one did not load yet is only kept.
    const second = await page.context().newPage()
    await open(second)
    await expect(addField(second)).toHaveAttribute('placeholder', /^A newer page/)
    await expect.poll(() => second.evaluate(() => navigator.serviceWorker.controller?.state === 'activated' && caches.has('tasktide-newer'))).toBe(true)
    await expect.poll(() => second.evaluate(() => navigator.serviceWorker.ready.then(({ installing, waiting }) => !installing && !waiting))).toBe(true)
    await (await page.context().newCDPSession(page)).send('Network.clearBrowserCache') // which would have the older files for a while
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Activity' }).click()
    await expect(page.getByRole('main')).toContainText('Every change is an event')
    await expect(page.getByRole('listitem').filter({ hasText: 'There before' })).toBeVisible()
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'All tasks' }).click()
    await expect(addField(page)).toHaveValue('Half a sentence')
    await addField(page).fill('Said by the older page')
    await addField(page).press('Enter')
    await expect(row(second, 'Said by the older page')).toBeVisible()
    await expect.poll(() => person.titles()).toEqual(['Said by the older page', 'There before'])
    await expectNotReloaded(page)

    await addField(page).fill('Typed before the reload')
    await page.reload()
    await expectConnected(page)
    await expect(addField(page)).toHaveAttribute('placeholder', /^A newer page/)
    await expect(addField(page)).toHaveValue('Typed before the reload')
    await expect(row(page, 'Said by the older page')).toHaveCount(1)
  })
})
