/** `private_key_jwt` (RFC 7523): a client authenticates with a JWT that it signs. */
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import t, { type Test } from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { createClient, postForm } from '../helpers/oauthForms.ts'
import { assertProblem, issuer } from '../helpers/service.ts'

const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const own = keyPair()

function jwt(claims: object, key: KeyObject = own.privateKey, header: object = {}): string {
  const parts = [{ alg: 'ES256', kid: 'k1', ...header }, claims]
  const input = parts.map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function claims(more: object = {}): object {
  const exp = Math.floor(Date.now() / 1000) + 60
  return { iss: 'robot', sub: 'robot', aud: issuer, exp, jti: randomUUID(), ...more }
}

async function startWithKeys(t: Test, env: Record<string, string> = {}) {
  const service = await startWithAdmin(t, env)
  await createClient(service, 'robot', ['users:read', 'introspect'])
  const jwk = { ...own.publicKey.export({ format: 'jwk' }), kid: 'k1' }
  const keys = { method: 'PUT', body: { jwks: { keys: [jwk] } } }
  const registered = await service.callAsAdmin('/admin/clients/robot/keys', keys)
  t.match(registered, { status: 200, body: { client: { id: 'robot' } } })
  const common = { grant_type: 'client_credentials', client_assertion_type }
  const token = (client_assertion: string, more: Record<string, string> = {}) =>
    postForm(service, '/oauth/token', { ...common, client_assertion, ...more })
  return { ...service, jwk, token }
}

/** @conforms RFC 7523 section 2.2: `client_assertion_type` and `client_assertion` authenticate a client at the token, introspection and revocation endpoints. */
/** @conforms RFC 7523 section 3: `aud` is the issuer or the URL of the token endpoint. */
/** @conforms RFC 9700 section 2.5: clients can authenticate with asymmetric keys. */
t.test('assertion: authenticates a client that has registered its key, and its secret is refused', async t => {
  const service = await startWithKeys(t)
  const { status, body } = await service.token(jwt(claims()))
  t.equal(status, 200)
  const { access_token: token } = body as { access_token: string }
  t.equal((await service.call('/admin/users', { token })).status, 200)
  t.equal((await service.token(jwt(claims({ aud: [`${issuer}/oauth/token`] })), { client_id: 'robot' })).status, 200)
  const form = { token, client_assertion: jwt(claims()), client_assertion_type }
  t.match((await postForm(service, '/oauth/introspect', form)).body, { active: true, sub: 'robot' })
  const bySecret = await postForm(service, '/oauth/token', { grant_type: 'client_credentials' }, 'robot')
  t.match(bySecret.body, { error: 'invalid_client' })
  t.match(await service.lastAudit('client.set-keys'), { target: 'robot', detail: { kids: ['k1'] } })

  const rotated = await service.callAsAdmin('/admin/clients/robot/rotate', { body: {} })
  t.equal(rotated.status, 200)
  t.match((await service.token(jwt(claims()))).body, { error: 'invalid_client' }, 'a new secret replaces the keys')
})

/** @conforms RFC 7523 section 3: an assertion has `iss` and `sub` (the client), `aud`, `exp` and a signature by a key of the client; `nbf` and `iat` are not in the future. */
/** @conforms RFC 7523 section 3.2: an invalid assertion is `invalid_client`. */
/** @conforms RFC 7521 section 4.2: a request has one way to authenticate, and its `client_id` is that of the assertion. */
t.test('assertion: a wrong, expired, foreign or replayed one is invalid_client, and nothing is written', async t => {
  const service = await startWithKeys(t)
  await createClient(service, 'secretive', ['users:read'])
  const now = Math.floor(Date.now() / 1000)
  const used = jwt(claims())
  t.equal((await service.token(used)).status, 200)
  const remembered = await service.query(
    `SELECT expires_at - now() < interval '11 minutes' AS "isShort" FROM creations`,
  )
  t.strictSame(remembered, [{ isShort: true }], 'its jti is remembered for little longer than it can last')
  await service.database.prisma.$executeRaw`UPDATE service_clients SET last_used_at = NULL`
  const count = async () => (await service.query(`SELECT count(*)::int AS n FROM creations`))[0].n as number
  const before = await count()
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${used.split('.')[1]}.`
  const cases: [why: string, assertion: string, more?: Record<string, string>][] = [
    ['replayed', used],
    ['another key', jwt(claims(), keyPair().privateKey)],
    ['another kid', jwt(claims(), own.privateKey, { kid: 'k2' })],
    ['another algorithm', jwt(claims(), own.privateKey, { alg: 'HS256' })],
    ['a critical header', jwt(claims(), own.privateKey, { crit: ['x'] })],
    ['no signature', unsigned],
    ['another audience', jwt(claims({ aud: 'https://other.example.org' }))],
    ['two audiences', jwt(claims({ aud: [issuer, 'https://other.example.org'] }))],
    ['no audience', jwt(claims({ aud: undefined }))],
    ['expired', jwt(claims({ exp: now - 60 }))],
    ['without exp', jwt(claims({ exp: undefined }))],
    ['exp as text', jwt(claims({ exp: String(now + 60) }))],
    ['too long', jwt(claims({ exp: now + 3600 }))],
    ['not valid yet', jwt(claims({ nbf: now + 60 }))],
    ['issued in the future', jwt(claims({ iat: now + 60 }))],
    ['another issuer', jwt(claims({ iss: 'other' }))],
    ['another subject', jwt(claims({ sub: 'secretive' }))],
    ['a client without keys', jwt(claims({ iss: 'secretive', sub: 'secretive' }))],
    ['an unknown client', jwt(claims({ iss: 'nobody', sub: 'nobody' }))],
    ['without jti', jwt(claims({ jti: undefined }))],
    ['a long jti', jwt(claims({ jti: 'x'.repeat(300) }))],
    ['garbage', 'garbage'],
    ['too many parts', `${jwt(claims())}.x`],
    ['another client_id', jwt(claims()), { client_id: 'secretive' }],
    ['another type', jwt(claims()), { client_assertion_type: client_assertion_type.replace('jwt', 'saml2') }],
  ]
  for (const [why, assertion, more] of cases) {
    const { status, body, headers } = await service.token(assertion, more)
    t.match(body, { error: 'invalid_client' }, why)
    t.equal(status, 401)
    t.match(headers.get('www-authenticate'), /^Basic/)
    // The limit of failures is not what this test is about.
    await service.query('DELETE FROM rate_limits')
  }
  t.equal(await count(), before)
  const rows = await service.query(`SELECT FROM service_clients WHERE last_used_at IS NOT NULL`)
  t.equal(rows.length, 0, 'a refused assertion is no use of the client')
  const both = await service.token(jwt(claims()), { client_secret: 'x' })
  t.match(both.body, { error: 'invalid_request' }, 'two methods')
})

/** @conforms RFC 7523 section 3: a `jti` is accepted once. */
t.test('assertion: of the same assertion sent twice at once, one is accepted', async t => {
  const { token } = await startWithKeys(t)
  const assertion = jwt(claims())
  const statuses = (await Promise.all([token(assertion), token(assertion)])).map(({ status }) => status)
  t.same(statuses.toSorted(), [200, 401])
})

t.test('assertion: wrong ones from an address block it, not right ones by the keys of the client', async t => {
  const { token, callAsAdmin } = await startWithKeys(t, { CLIENT_FAILURES: '3' })
  const replayed = jwt(claims())
  t.equal((await token(replayed)).status, 200)
  const wrong = () => token(jwt(claims(), keyPair().privateKey))
  for (let tries = 0; tries < 3; tries += 1) t.equal((await wrong()).status, 401)
  t.equal((await wrong()).status, 429)
  t.equal((await token(jwt(claims()))).status, 200)
  t.equal((await token(replayed)).status, 401)
  t.equal((await token(jwt(claims()))).status, 200, 'after a replayed one too')
  t.equal((await wrong()).status, 429)

  const { publicKey, privateKey } = keyPair()
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] }
  t.equal((await callAsAdmin('/admin/clients/robot/keys', { method: 'PUT', body: { jwks } })).status, 200)
  t.equal((await token(jwt(claims()))).status, 401)
  t.equal((await token(jwt(claims()))).status, 429, 'a removed key is not known any more')
  t.equal((await token(jwt(claims(), privateKey))).status, 200)
})

/** @conforms RFC 8725 section 3.2: only keys of the supported algorithms and of sufficient strength are registered. */
t.test('keys: only public keys of the supported types are registered, by an admin', async t => {
  const { callAsAdmin, call, createUser, login, jwk } = await startWithKeys(t)
  const put = (keys: object[], id = 'robot') =>
    callAsAdmin(`/admin/clients/${id}/keys`, { method: 'PUT', body: { jwks: { keys } } })
  const secret = own.privateKey.export({ format: 'jwk' })
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { d: _, ...partOfSecret } = privateKey.export({ format: 'jwk' })
  const { kty, n } = partOfSecret
  const exponentOne = { kty, n, e: 'AQ' }
  const refused = [[], ...[secret, partOfSecret, exponentOne, weak, {}, { kty: 'oct', k: 'AAAA' }].map(key => [key])]
  for (const keys of [...refused, [jwk, jwk], Array(6).fill(jwk)])
    assertProblem(t, await put(keys), 'request-malformed')
  assertProblem(t, await put([jwk], 'unknown'), 'not-found')
  const { accessToken: token } = await login(await createUser())
  const body = { jwks: { keys: [jwk] } }
  assertProblem(t, await call('/admin/clients/robot/keys', { method: 'PUT', token, body }), 'insufficient-scope')
})
