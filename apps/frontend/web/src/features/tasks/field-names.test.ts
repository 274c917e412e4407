import { expect, test } from 'vitest'
import { refusalText } from './field-names'

const message = 'The task breaks a rule; each wrong field is listed in errors.'

test('a refusal speaks of the fields by their names on the page', () => {
  const fields = [{ field: 'description', message: 'has 1200 characters, at most 1000 are allowed' }, { field: 'recurringRule', message: 'never occurs' }]
  expect(refusalText({ message, fields })).toBe('Notes: has 1200 characters, at most 1000 are allowed; Repeats: never occurs.')
})

test('what is no field of the page is left to the sentence of the server', () => {
  expect(refusalText({ message: 'The idempotency key can’t be used.', fields: [{ field: 'Idempotency-Key', message: 'is there more than once' }] })).toBe('The idempotency key can’t be used.')
  expect(refusalText({ message, fields: [] })).toBe(message)
})
