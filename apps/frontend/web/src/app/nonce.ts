import { setNonce } from 'get-nonce'

// Radix puts style elements into the page; the policy lets those in that have the response's nonce. First
// of all imports, since some read it when they are loaded.

const meta = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')

export const nonce = meta?.content ?? ''

if (nonce) setNonce(nonce)
