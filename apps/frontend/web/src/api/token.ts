/** What the page reads of its own token. The server verifies it; here it is only looked at. */
export type Claims = { sub: string; scope: string[]; lifetimeMs: number }

export function claimsOf(token: string): Claims | undefined {
  try {
    const part = token.split('.')[1] ?? ''
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    const body = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    const sub = typeof body['sub'] === 'string' ? body['sub'] : body['id']
    if (typeof sub !== 'string') return undefined
    return { sub, scope: scopesOf(body['scope']), lifetimeMs: lifetimeOf(body) }
  } catch {
    return undefined
  }
}

function scopesOf(scope: unknown): string[] {
  if (typeof scope === 'string') return scope.split(' ').filter(Boolean)
  return Array.isArray(scope) ? scope.filter((s) => typeof s === 'string') : []
}

/** From issue to expiry: a length, so that it does not matter what the browser's clock says. */
function lifetimeOf(body: Record<string, unknown>): number {
  const { exp, iat } = body
  return typeof exp === 'number' && typeof iat === 'number' && exp > iat ? (exp - iat) * 1000 : 60_000
}
