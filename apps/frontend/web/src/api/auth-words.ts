// What the accounts' server refuses, in words that say what to do. The codes are Better Auth's; the
// built-in accounts have the same.

const OPERATOR = 'whoever runs this server'

const words: Record<string, string> = {
  INVALID_EMAIL_OR_PASSWORD: 'E-mail or password is wrong. Check both, and try again.',
  INVALID_EMAIL: 'This is no e-mail address. It looks like name@example.org.',
  INVALID_PASSWORD: 'The password is wrong. Check it, and try again.',
  PASSWORD_TOO_SHORT: 'The password is too short. It needs at least 8 characters.',
  PASSWORD_TOO_LONG: 'The password is too long. It has at most 128 characters.',
  USER_ALREADY_EXISTS: 'There is an account with this e-mail. Sign in, or use another address.',
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: 'There is an account with this e-mail. Sign in, or use another address.',
  EMAIL_PASSWORD_SIGN_UP_DISABLED: `Sign-up is closed here. Ask ${OPERATOR} for an account.`,
  EMAIL_PASSWORD_DISABLED: `This server signs nobody in by e-mail and password. Ask ${OPERATOR} how to sign in.`,
  INVALID_CODE: 'This link was used already, or is more than a day old. While there is no operator, each start of the server prints a new one.',
  SESSION_EXPIRED: 'You signed in more than a day ago. Sign in again, then repeat this.',
  UNAUTHORIZED: 'Your session has ended. Sign in again to go on.',
  PAYLOAD_TOO_LARGE: 'This is too much text. Make it shorter.',
}

const ORIGIN_CODES = new Set(['INVALID_ORIGIN', 'MISSING_OR_NULL_ORIGIN', 'INVALID_HOST', 'INVALID_CALLBACK_URL'])

type Refusal = { status?: number; message?: string | undefined; code?: string | undefined }

/** A sentence for people. `here` is the origin of the page. */
export function authWords({ status = 0, message, code = '' }: Refusal, here: string): string {
  if (ORIGIN_CODES.has(code)) return originWords(here)
  const known = words[code]
  if (known) return known
  if (status === 403 && /origin/i.test(message ?? '')) return originWords(here)
  if (status === 429) return 'Too many tries. Wait ten seconds, then try again.'
  if (status === 404) return `The accounts' server can't do this. If it is not Tasktide's own, ${OPERATOR} can turn it on there.`
  if (status >= 500) return 'The server could not do this. Nothing you entered is lost; try again in a moment.'
  return message || 'The server could not be asked who you are. Try again in a moment.'
}

function originWords(here: string): string {
  return (
    `The accounts' server does not know the address ${here}. ${OPERATOR.charAt(0).toUpperCase()}${OPERATOR.slice(1)} sets PUBLIC_URL=${here}; ` +
    'where accounts are at another Better Auth server, that address must be among its trustedOrigins, too. Or open the page at the address that is known.'
  )
}
