import { add, addField, checkbox, details, expectNoSidewaysScroll, messages, open, openDetails, row, visit } from './screen'
import { expect, test } from './test'

const titles: Record<string, Record<string, string>> = {
  'look like markup, or turn their direction': {
    'looks like HTML': '<img src=x onerror="document.title=1"><script>document.title=2</script><b>bold</b>',
    'looks like a template': '{{7*7}} ${7*7} %s %00 &lt;&amp;',
    'is written from right to left': 'קנה חלב (2%) ביום ב׳',
    'turns the direction of what follows': 'ab\u202Edc\u202C ef',
  },
  'are hard to fit in': {
    'is emoji': '👩‍👩‍👧‍👦🏳️‍🌈 🧑🏽‍🚀',
    'has 255 wide characters': '漢'.repeat(255),
    'is one word of 255 letters': 'W'.repeat(255),
    'stacks marks': `Z${'\u0310\u0321\u0354'.repeat(40)}algo`,
  },
}

for (const [kind, all] of Object.entries(titles)) {
  test(`titles that ${kind} are shown as they are, everywhere, down to 320 pixels`, async ({ page, person }) => {
    page.on('dialog', () => expect(false, 'a script ran').toBe(true))
    const ids: string[] = []
    for (const title of Object.values(all)) {
      ids.push((await person.add({ title, description: title, tags: [title.slice(0, 20).toLowerCase().replace(/[^\p{L}\p{N}]/gu, '') || 'tag'] })).id)
    }
    await open(page)
    for (const [what, title] of Object.entries(all)) {
      await test.step(`one that ${what}`, async () => {
        await expect(checkbox(page, title)).toHaveAccessibleName(`${title} (medium priority)`)
        await expect(row(page, title).getByRole('button', { name: title, exact: true })).toHaveText(title)
        await openDetails(page, title)
        await expect(details(page).getByLabel('Notes')).toHaveValue(title)
      })
    }
    await page.setViewportSize({ width: 320, height: 640 })
    await expect(page.getByRole('dialog', { name: 'Task', exact: true })).toBeVisible() // no longer beside the list
    await page.keyboard.press('Escape')
    await expect(details(page)).toBeHidden()
    await expectNoSidewaysScroll(page, 'the list')
    for (const [what, title] of Object.entries(all)) {
      await test.step(`one that ${what}, narrow`, async () => {
        await openDetails(page, title)
        await expectNoSidewaysScroll(page, 'the details')
        await page.keyboard.press('Escape')
        await expect(details(page)).toBeHidden()
        await checkbox(page, title).click()
        await expect(messages(page)).toContainText(title.slice(0, 10))
        await expectNoSidewaysScroll(page, 'a message')
      })
    }
    await expect.poll(async () => ((await person.call('GET', 'audit')) as unknown[]).length).toBe(2 * ids.length)
    for (const path of ['/activity', '/completed']) {
      await page.goto(path)
      for (const title of Object.values(all)) await expect(page.getByRole('main')).toContainText(title)
      await expectNoSidewaysScroll(page, path)
    }
    for (const [index, title] of Object.values(all).entries()) {
      await visit(page, `/tasks/${ids[index]}/history`)
      await expect(page.getByRole('main')).toContainText('completed it')
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(title)
      await expectNoSidewaysScroll(page, 'the history')
    }
    expect(await page.title()).toContain('Tasktide')
  })
}

test('text that is typed is saved as it was typed', async ({ page, person }) => {
  await open(page)
  const title = '<b>קנה</b> 漢字 👩‍👩‍👧‍👦 "x" \\ \' `'
  await add(page, title)
  await expect.poll(() => person.titles()).toEqual([title])
})

test('a title of 256 characters is not sent; the page says how long one may be, and keeps it', async ({ page, person }) => {
  await open(page)
  const long = 'x'.repeat(256)
  await add(page, long)
  await expect(page.getByRole('alert')).toContainText('255')
  await expect(addField(page)).toHaveValue(long)
  await add(page, '漢'.repeat(255))
  await expect(row(page, '漢'.repeat(255))).toBeVisible()
  await expect.poll(() => person.titles()).toEqual(['漢'.repeat(255)])
})

test('an address with rubbish in it opens a page that says what to do', async ({ page }) => {
  await open(page, '/tasks?q=%00%27%3Cscript%3E&sort=sideways&task=../../x&priority=none&tag=%F0%9F%8F%B3')
  await expect(page.getByRole('main')).toBeVisible()
  for (const path of ['/no/such/page', '/tasks/not-a-uuid/history', '/tasks/0b1f5d9e-0000-4000-8000-000000000000/history']) {
    await page.goto(path)
    await expect(page.getByRole('main').or(page.getByRole('alert')).or(page.getByRole('heading')).first()).toContainText(/no such|not found|gone|no page|no history|nothing|unknown/i)
  }
})
