/** better-auth with its OAuth 2.1 provider, on its own adapter for PostgreSQL. */
import { createHash, randomBytes } from 'node:crypto'
import { oauthProvider } from '@better-auth/oauth-provider'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import pg from 'pg'
import { readPeerConfig, serve } from './peer.mjs'

const { databaseUrl, poolSize, sessionCount, client } = readPeerConfig()
const { clientId, redirectUri, resource, scopes } = client

const provider = oauthProvider({
  loginPage: '/login',
  consentPage: '/consent',
  scopes,
  resources: [resource],
  // Its documentation offers these for clients and APIs that do not change. Without them each
  // renewal reads their rows.
  cachedTrustedClients: new Set([clientId]),
  cachedResources: new Set([resource]),
})

const options = {
  baseURL: 'https://issuer.example',
  secret: randomBytes(32).toString('hex'),
  database: new pg.Pool({ connectionString: databaseUrl, max: poolSize }),
  // Its default is twenty requests a minute from one address, and the whole load comes from one
  // address.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }), provider],
}
const { runMigrations } = await getMigrations(options)
await runMigrations()
// It writes a row for the API when it starts, so its tables must exist before.
const auth = betterAuth(options)
const { adapter, internalAdapter } = await auth.$context

const now = new Date()
const expiresAt = new Date(now.getTime() + 30 * 86_400_000)
await adapter.create({
  model: 'oauthClient',
  data: {
    clientId,
    scopes,
    createdAt: now,
    updatedAt: now,
    redirectUris: [redirectUri],
    tokenEndpointAuthMethod: 'none',
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
    requirePKCE: true,
  },
})
await adapter.create({ model: 'oauthClientResource', data: { clientId, resourceId: resource, createdAt: now } })

/** The rows of a log-in, as its token endpoint creates them. Refresh tokens are stored hashed. */
async function createSession(number) {
  const user = { name: 'A user', email: `${number}@example.org`, emailVerified: true }
  const { id: userId } = await internalAdapter.createUser(user, { method: 'admin' })
  const { id: sessionId } = await internalAdapter.createSession(userId)
  const refreshToken = randomBytes(24).toString('base64url')
  await adapter.create({
    model: 'oauthRefreshToken',
    data: {
      clientId,
      sessionId,
      userId,
      scopes,
      expiresAt,
      token: createHash('sha256').update(refreshToken).digest('base64url'),
      resources: [resource],
      authTime: now,
      createdAt: now,
    },
  })
  return refreshToken
}

const numbers = Array.from({ length: sessionCount }, (_, index) => index)
await serve(toNodeHandler(auth), await Promise.all(numbers.map(createSession)))
