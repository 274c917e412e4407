import { addField, details, open, openDetails, row } from './screen'
import { expect, test } from './test'

// Words are English; the order of day and month, and how a time is written, are those of the browser's language.

const places = {
  'de-DE': { day: '2031-06-05', list: /5\. Juni? 2031.*15:00/, history: /5\. Juni? 2031, 15:00/ },
  'en-US': { day: '2031-05-06', list: /May 6, 2031.*3:00\sPM/, history: /May 6, 2031, 3:00\sPM/ },
} as const

for (const [locale, { day, list, history }] of Object.entries(places)) {
  test.describe(locale, () => {
    test.use({ locale })

    test(`dates are read and written as ${locale} has them`, async ({ page, person }) => {
      await open(page)
      await addField(page).fill('Write the report 5/6/2031 at 15:00')
      await expect(page.getByRole('button', { name: list }).and(page.getByRole('button', { name: /^Take back/ }))).toBeVisible()
      await addField(page).press('Enter')
      await expect(row(page, 'Write the report')).toContainText(list)
      const stored = async () => (await person.tasks())[0]?.dueDate ?? ''
      await expect.poll(stored).not.toBe('')
      expect(new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin', dateStyle: 'short', timeStyle: 'short' }).format(new Date(await stored()))).toBe(`${day} 15:00`)
      const panel = await openDetails(page, 'Write the report')
      await expect(panel.getByLabel('Due', { exact: true })).toHaveValue(day)
      await expect(panel.getByLabel('Time', { exact: true })).toHaveValue('15:00')
      await details(page).getByRole('link', { name: 'History' }).click()
      await expect(page.getByRole('main')).toContainText(history)
    })
  })
}
