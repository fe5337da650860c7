/** node-oidc-provider, which rotates a public client's refresh tokens by default. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import Provider from 'oidc-provider'
import pg from 'pg'
import { createAdapter } from './oidcAdapter.mjs'
import { readPeerConfig, serve } from './peer.mjs'

const { databaseUrl, poolSize, sessionCount, client } = readPeerConfig()
const { clientId, redirectUri, resource, scopes } = client
const scope = scopes.join(' ')
const pool = new pg.Pool({ connectionString: databaseUrl, max: poolSize })
await pool.query('CREATE TABLE oidc_accounts (id text PRIMARY KEY)')

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const provider = new Provider('https://issuer.example', {
  adapter: await createAdapter(pool),
  clients: [
    {
      client_id: clientId,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [redirectUri],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope,
        audience: resource,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  /** It has no accounts. Like Gatehouse and better-auth, this reads the account at each renewal. */
  findAccount: async (_context, id) => {
    const query = { name: 'oidc-account', text: 'SELECT id FROM oidc_accounts WHERE id = $1', values: [id] }
    const { rowCount } = await pool.query(query)
    return rowCount === 0 ? undefined : { accountId: id, claims: () => ({ sub: id }) }
  },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  scopes: ['openid', ...scopes],
})
provider.on('server_error', (_context, error) => console.error(error))

/** Stores what its token endpoint stores at a log-in. */
async function createSession() {
  const accountId = randomUUID()
  await pool.query('INSERT INTO oidc_accounts VALUES ($1)', [accountId])
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope('offline_access')
  grant.addResourceScope(resource, scope)
  const token = new provider.RefreshToken({
    accountId,
    resource,
    scope,
    client: await provider.Client.find(clientId),
    grantId: await grant.save(),
    authTime: Math.floor(Date.now() / 1000),
    expiresWithSession: false,
    gty: 'authorization_code',
    rotations: 0,
  })
  return token.save()
}

await serve(provider.callback(), await Promise.all(Array.from({ length: sessionCount }, createSession)))
