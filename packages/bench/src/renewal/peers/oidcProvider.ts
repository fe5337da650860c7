/** What others do: node-oidc-provider, which rotates a public client's refresh tokens by default. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import Provider from 'oidc-provider'
import pg from 'pg'
import { createRecords } from './records.ts'
import { granted, readPeerJob, serve } from './workerConfig.ts'

const { databaseUrl, poolSize, sessions } = readPeerJob()
const { clientId, redirectUri, resource, scopes } = granted
const scope = scopes.join(' ')
const pool = new pg.Pool({ connectionString: databaseUrl, max: poolSize })
await pool.query('CREATE TABLE oidc_accounts (id text PRIMARY KEY)')

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const provider = new Provider('https://issuer.example', {
  adapter: await createRecords(pool),
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
  /** Whoever uses it brings the accounts: here, as with us and with the other peer, they are asked for each time. */
  findAccount: async (_context, id) => {
    const account = { name: 'oidc-account', text: 'SELECT id FROM oidc_accounts WHERE id = $1', values: [id] }
    const { rowCount } = await pool.query(account)
    return rowCount === 0 ? undefined : { accountId: id, claims: () => ({ sub: id }) }
  },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  scopes: ['openid', ...scopes],
})
provider.on('server_error', (_context, error) => console.error(error))

/** As its token endpoint leaves it after a log-in. */
async function makeSession(): Promise<string> {
  const accountId = randomUUID()
  await pool.query('INSERT INTO oidc_accounts VALUES ($1)', [accountId])
  const client = await provider.Client.find(clientId)
  if (client === undefined) throw new Error('the provider does not know the client that it was given')
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope('offline_access')
  grant.addResourceScope(resource, scope)
  const grantId = await grant.save()
  const token = new provider.RefreshToken({
    ...{ accountId, client, grantId, resource, scope },
    authTime: Math.floor(systemClock.wallMs() / 1000),
    expiresWithSession: false,
    gty: 'authorization_code',
    rotations: 0,
  })
  return token.save()
}

await serve(provider.callback(), await Promise.all(Array.from({ length: sessions }, makeSession)))
