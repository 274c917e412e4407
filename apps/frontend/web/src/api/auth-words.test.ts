import { describe, expect, it } from 'vitest'
import { authWords } from './auth-words'

const here = 'https://tasks.example.org'

describe('words for refusals of the accounts', () => {
  it.each(['INVALID_ORIGIN', 'MISSING_OR_NULL_ORIGIN', 'INVALID_HOST'])('%s names the setting and the address that it needs', (code) => {
    const text = authWords({ status: 403, code, message: 'Invalid origin' }, here)
    expect(text).toContain(`PUBLIC_URL=${here}`)
    expect(text).toContain('trustedOrigins')
  })
  it('takes a refusal of the origin without a code for one', () => {
    expect(authWords({ status: 403, message: 'Invalid origin: https://x' }, here)).toContain('PUBLIC_URL')
  })
  it('says what to do when sign-up is closed, or the first link is old', () => {
    expect(authWords({ status: 400, code: 'EMAIL_PASSWORD_SIGN_UP_DISABLED' }, here)).toMatch(/closed.*Ask/)
    expect(authWords({ status: 400, code: 'INVALID_CODE' }, here)).toMatch(/prints a new one/)
  })
  it('asks to wait after too many tries, whatever the message', () => {
    expect(authWords({ status: 429, message: 'Too many requests. Please try again later.' }, here)).toMatch(/Wait/)
  })
  it('passes on what it does not know, and is never empty', () => {
    expect(authWords({ status: 400, code: 'SOMETHING', message: 'Use a passkey.' }, here)).toBe('Use a passkey.')
    expect(authWords({}, here)).not.toBe('')
    expect(authWords({ status: 404 }, here)).not.toBe('')
    expect(authWords({ status: 502, message: '<html>' }, here)).not.toContain('<')
  })
})
