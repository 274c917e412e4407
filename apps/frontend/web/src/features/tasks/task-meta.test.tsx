// @vitest-environment happy-dom
import { render } from '@testing-library/react'
import { expect, test } from 'vitest'
import { draftTask } from '@/store/fields'
import { dueOf } from './due'
import { TaskMeta } from './task-meta'

test('the day of a recurrence is the one of the task, wherever the person is', () => {
  const task = draftTask('t', 'ann', { title: 'Rent', priority: 'low', category: 'other', dueDate: '2026-12-01T00:00:00.000000Z', recurringRule: 'monthly', timeZone: 'UTC' }, '')
  const { container } = render(<TaskMeta task={task} due={dueOf(task, 'America/New_York')} overdue={false} today="2026-11-20" withDay />)
  expect(container.textContent).toMatch(/Tue.* 1 Dec|Tue, Dec 1/)
  expect(container.textContent).toContain('every month on the 1st')
})
