import type { ApiError } from '@/api'
import type { Field } from '@/store'

/** As the fields of a task are called on the page. */
export const FIELD_NAMES: Record<Field, string> = {
  title: 'Title',
  description: 'Notes',
  priority: 'Priority',
  category: 'Category',
  dueDate: 'Due',
  recurringRule: 'Repeats',
  recurringEndDate: 'Until',
  reminderAt: 'Reminder',
  tags: 'Tags',
  timeZone: 'Time zone',
}

type Refusal = Pick<ApiError, 'message' | 'fields'>

/** Why a write was refused, with the page's names of the fields that the server speaks of. */
export function refusalText({ message, fields }: Refusal): string {
  const known = fields.filter(({ field }) => field in FIELD_NAMES)
  if (known.length === 0) return message
  return known.map(({ field, message: wrong }) => `${FIELD_NAMES[field as Field]}: ${wrong}`).join('; ') + '.'
}
