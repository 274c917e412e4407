import { add, addField, checkbox, details, expectNoSidewaysScroll, messages, open, openDetails, row } from './screen'
import { expect, test } from './test'

const titles: Record<string, string> = {
  'looks like HTML': '<img src=x onerror="document.title=1"><script>document.title=2</script><b>bold</b>',
  'looks like a template': '{{7*7}} ${7*7} %s %00 &lt;&amp;',
  'is written from right to left': 'קנה חלב (2%) ביום ב׳',
  'turns the direction of what follows': 'ab\u202Edc\u202C ef',
  'is emoji': '👩‍👩‍👧‍👦🏳️‍🌈 🧑🏽‍🚀',
  'has 255 wide characters': '漢'.repeat(255),
  'is one word of 255 letters': 'W'.repeat(255),
  'stacks marks': `Z${'\u0310\u0321\u0354'.repeat(40)}algo`,
}

for (const [what, title] of Object.entries(titles)) {
  test(`a title that ${what} is shown as it is, everywhere, down to 320 pixels`, async ({ page, person }) => {
    page.on('dialog', () => expect(false, 'a script ran').toBe(true))
    const { id } = await person.add({ title, description: title, tags: [title.slice(0, 20).toLowerCase().replace(/[^\p{L}\p{N}]/gu, '') || 'tag'] })
    await open(page)
    await expect(page.getByRole('checkbox')).toHaveAccessibleName(`${title} (medium priority)`)
    await expect(page.getByRole('button', { name: title, exact: true })).toHaveText(title)
    await openDetails(page, title)
    await expect(details(page).getByLabel('Notes')).toHaveValue(title)
    await page.setViewportSize({ width: 320, height: 640 })
    await expect(page.getByRole('dialog', { name: 'Task', exact: true })).toBeVisible() // no longer beside the list
    await expectNoSidewaysScroll(page, 'the details')
    await page.keyboard.press('Escape')
    await expect(details(page)).toBeHidden()
    await expectNoSidewaysScroll(page, 'the list')
    await checkbox(page, title).click()
    await expect(messages(page)).toContainText(title.slice(0, 10))
    await expectNoSidewaysScroll(page, 'a message')
    await expect.poll(async () => ((await person.call('GET', `audit?entity_id=${id}`)) as unknown[]).length).toBe(2)
    for (const path of [`/tasks/${id}/history`, '/activity', '/completed']) {
      await page.goto(path)
      await expect(page.getByRole('main')).toContainText(title)
      await expectNoSidewaysScroll(page, path)
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
