/** The length of access tokens. */
import { accessTokenType, maxAccessTokenLength, tokenSizeOf } from '@gatehouse/contract'
import t from 'tap'

const contents = {
  issuer: 'https://auth.example',
  audience: 'gatehouse',
  clientId: 'first-party',
  roles: ['user', 'admin'],
  scopes: ['storage:read', 'storage:restricted'],
  kid: 'x'.repeat(43),
  signatureBytes: 64,
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

t.test('tokenSizeOf: equals the length of a token with the longest numbers', async t => {
  const id = '00000000-0000-4000-8000-000000000000'
  const { issuer, audience, clientId, roles, scopes, kid } = contents
  const time = 9_999_999_999
  const claims = {
    iss: issuer,
    aud: audience,
    sub: id,
    jti: id,
    sid: id,
    iat: time,
    exp: time,
    auth_time: time,
    client_id: clientId,
    scope: scopes.join(' '),
    roles,
    epoch: 2 ** 53 - 1,
    global_epoch: 2 ** 53 - 1,
  }
  const header = { alg: 'EdDSA', typ: accessTokenType, kid }
  const token = `${encoded(header)}.${encoded(claims)}.${Buffer.alloc(64).toString('base64url')}`
  t.equal(tokenSizeOf(contents), token.length)
})

t.test('tokenSizeOf: counts bytes of non-ASCII text and grows with every scope', async t => {
  t.ok(tokenSizeOf({ ...contents, roles: ['ä'] }) > tokenSizeOf({ ...contents, roles: ['a'] }))
  const scopes = Array.from({ length: 50 }, (_, index) => `${'s'.repeat(50)}${index}`)
  t.ok(tokenSizeOf({ ...contents, scopes }) > maxAccessTokenLength)
})
