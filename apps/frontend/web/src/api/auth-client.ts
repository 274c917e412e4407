import { createAuthClient } from 'better-auth/client'
import { jwtClient } from 'better-auth/client/plugins'
import { request } from './http'

/** Better Auth's own client, on this origin: built-in accounts and an external server behind the gateway look the same to it. */
export const authClient = createAuthClient({
  baseURL: `${location.origin}/api/auth`,
  plugins: [jwtClient()],
  fetchOptions: { customFetchImpl: (input, init) => request(input, init), retry: 0 },
  // The page asks for the session itself, see session.ts.
  sessionOptions: { refetchOnWindowFocus: false },
})
