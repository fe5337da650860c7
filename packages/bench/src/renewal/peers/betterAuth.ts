/** What others do: better-auth with its OAuth 2.1 provider, on its own adapter for PostgreSQL. */
import { createHash, randomBytes } from 'node:crypto'
import { oauthProvider } from '@better-auth/oauth-provider'
import { systemClock } from '@gatehouse/clock'
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import pg from 'pg'
import { granted, readPeerJob, serve } from './workerConfig.ts'

const { databaseUrl, poolSize, sessions } = readPeerJob()
const { clientId, redirectUri, resource, scopes } = granted

const provider = oauthProvider({
  loginPage: '/login',
  consentPage: '/consent',
  scopes,
  resources: [resource],
  // What its documentation offers for clients and APIs that do not change; without it each renewal reads their rows.
  cachedTrustedClients: new Set([clientId]),
  cachedResources: new Set([resource]),
  // Its types were not written for `exactOptionalPropertyTypes`.
}) as unknown as BetterAuthPlugin

const options: BetterAuthOptions = {
  baseURL: 'https://issuer.example',
  secret: randomBytes(32).toString('hex'),
  database: new pg.Pool({ connectionString: databaseUrl, max: poolSize }),
  // It allows twenty a minute from one address, which is all that the load comes from.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }), provider],
}
const { runMigrations } = await getMigrations(options)
await runMigrations()
// Begun after its tables are there, for it writes a row for the API at its start.
const auth = betterAuth(options)
const { adapter, internalAdapter } = await auth.$context

const now = new Date(systemClock.wallMs())
const later = new Date(now.getTime() + 30 * 86_400_000)
await adapter.create({
  model: 'oauthClient',
  data: {
    ...{ clientId, scopes, createdAt: now, updatedAt: now },
    redirectUris: [redirectUri],
    tokenEndpointAuthMethod: 'none',
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
    requirePKCE: true,
  },
})
await adapter.create({ model: 'oauthClientResource', data: { clientId, resourceId: resource, createdAt: now } })

/** As its token endpoint leaves it after a log-in: the token itself is nowhere kept. */
async function makeSession(number: number): Promise<string> {
  const person = { name: 'A person', email: `${number}@example.org`, emailVerified: true }
  const { id: userId } = await internalAdapter.createUser(person, { method: 'admin' })
  const { id: sessionId } = await internalAdapter.createSession(userId)
  const refreshToken = randomBytes(24).toString('base64url')
  await adapter.create({
    model: 'oauthRefreshToken',
    data: {
      ...{ clientId, sessionId, userId, scopes },
      token: createHash('sha256').update(refreshToken).digest('base64url'),
      resources: [resource],
      authTime: now,
      createdAt: now,
      expiresAt: later,
    },
  })
  return refreshToken
}

const tokens = await Promise.all(Array.from({ length: sessions }, (_nothing, number) => makeSession(number)))
await serve(toNodeHandler(auth), tokens)
