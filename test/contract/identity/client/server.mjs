// Real Better Auth servers on one PostgreSQL database, one for each configuration that the steps need. Prints their
// addresses as JSON when they listen, and ends with its standard input.
import http from 'node:http'
import pg from 'pg'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'

const database = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 })
const addresses = {}
let migrated = false

async function serve(name, { disableSignUp = false, limited = false, publicURL } = {}) {
  const server = http.createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${server.address().port}`
  const options = {
    database,
    baseURL: publicURL ?? address,
    secret: process.env.SECRET,
    emailAndPassword: { enabled: true, disableSignUp },
    user: { deleteUser: { enabled: true } },
    rateLimit: { enabled: limited, storage: 'memory' },
    advanced: { ipAddress: { ipAddressHeaders: ['x-test-address'] } },
    plugins: [jwt()],
    logger: { disabled: true },
    telemetry: { enabled: false },
  }
  if (!migrated) {
    await (await getMigrations(options)).runMigrations()
    migrated = true
  }
  server.on('request', toNodeHandler(betterAuth(options)))
  addresses[name] = address
}

await serve('open')
await serve('closed', { disableSignUp: true })
await serve('limited', { limited: true })
await serve('secure', { publicURL: 'https://tasks.example.org' })
console.log(JSON.stringify(addresses))
process.stdin.resume().on('end', () => process.exit(0))
