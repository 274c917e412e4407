/** What the bytes of a dead letter are: JSON to read, text, or neither, then as base64. */
export function readBytes(base64: string): { kind: 'json' | 'text' | 'bytes'; text: string; size: number } {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return { kind: 'bytes', text: base64, size: bytes.length }
  }
  try {
    return { kind: 'json', text: JSON.stringify(JSON.parse(text), null, 2), size: bytes.length }
  } catch {
    // eslint-disable-next-line no-control-regex -- what can't be shown is shown as base64
    return /[\x00-\x08\x0e-\x1f]/.test(text) ? { kind: 'bytes', text: base64, size: bytes.length } : { kind: 'text', text, size: bytes.length }
  }
}

/** The cursor of the next page, from a Link header. */
export function nextCursor(link: string | null): string | undefined {
  const match = /[?&]cursor=([^&>]+)[^>]*>;\s*rel="next"/.exec(link ?? '')
  return match?.[1] ? decodeURIComponent(match[1]) : undefined
}
