/** Signing keys: the first signs, all verify, and unsuitable keys are refused. */
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import t from 'tap'
import { readRefreshKeys } from '../../src/keys/refreshKeys.ts'
import { generateSigningKey, publicJwk, readSigningKeys } from '../../src/keys/signingKeys.ts'
import { jwtSigner } from '../../src/keys/signJwt.ts'
import { createAccessTokens } from '../../src/tokens/accessTokens.ts'
import { startService } from '../helpers/service.ts'
import { claimsOf, headerOf } from '../helpers/tokens.ts'

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const publicPem = (key: KeyObject) => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ed = () => generateKeyPairSync('ed25519').privateKey
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey

interface Jwk {
  kid: string
  alg: string
  use: string
  kty: string
  d?: string
}

for (const { algorithm, key, hash, ieee } of [
  { algorithm: 'ES256', key: ec(), hash: 'sha256', ieee: true },
  { algorithm: 'EdDSA', key: ed(), hash: null, ieee: false },
  { algorithm: 'RS256', key: rsa(2048), hash: 'sha256', ieee: false },
] as const) {
  t.test(`${algorithm} as SIGNING_ALGORITHM: signs tokens that the published key verifies`, async t => {
    const service = await startService(t, { SIGNING_KEY: pem(key), SIGNING_ALGORITHM: algorithm })
    const { accessToken } = await service.login(await service.createUser())
    const { keys } = (await service.call('/.well-known/jwks.json')).body as { keys: Jwk[] }
    const [jwk, ...others] = keys
    t.same(others, [])
    t.match(headerOf(accessToken), { alg: algorithm, kid: jwk?.kid, typ: 'at+jwt' })
    t.match(jwk, { alg: algorithm, use: 'sig' })
    const [header, payload, signature = ''] = accessToken.split('.')
    const publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    const options = ieee ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const } : publicKey
    t.ok(verify(hash, Buffer.from(`${header}.${payload}`), options, Buffer.from(signature, 'base64url')))
    t.equal((await service.call('/me', { token: accessToken })).status, 200)
  })
}

/** @conforms RFC 7517 section 5: the key set has public keys only. */
t.test('jwks: contains public keys only and may be cached for a minute', async t => {
  const service = await startService(t)
  const response = await service.call('/.well-known/jwks.json')
  t.equal(response.headers.get('cache-control'), 'public, max-age=60')
  const { keys } = response.body as { keys: Jwk[] }
  t.same(Object.keys(keys[0] ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

/** @conforms RFC 7638 section 3: `kid` is the thumbprint of the key. */
t.test('kid: is the RFC 7638 thumbprint of the private or the public key', t => {
  // The example of RFC 7638 section 3.1.
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
  const example = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
  const signing = ec()
  const spki = example.export({ type: 'spki', format: 'pem' }).toString()
  const all = readSigningKeys(pem(signing) + spki, 'ES256')
  t.equal(all[1]?.kid, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  const same = readSigningKeys(pem(signing) + publicPem(signing), 'ES256')
  const kids = same.map(({ kid }) => kid)
  t.same(kids, [all[0]?.kid])
  t.notOk(JSON.stringify(same.map(publicJwk)).includes('"d"'))
  t.end()
})

t.test('readSigningKeys: refuses an invalid or unsuitable key and names the variable', t => {
  const encrypted = ec().export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
  const wrong: [given: string, algorithm: 'ES256' | 'EdDSA' | 'RS256', says: RegExp][] = [
    ['', 'ES256', /must begin with a PEM private key/],
    ['hello', 'ES256', /must begin with a PEM private key/],
    [publicPem(ec()), 'ES256', /must begin with a PEM private key/],
    [publicPem(ec()) + pem(ec()), 'ES256', /must begin with a PEM private key/],
    [pem(ec()), 'RS256', /begins with a key for ES256, but SIGNING_ALGORITHM is RS256/],
    [pem(rsa(2048)), 'EdDSA', /begins with a key for RS256, but SIGNING_ALGORITHM is EdDSA/],
    [pem(rsa(1024)), 'RS256', /other than EC P-256, Ed25519 or RSA of 2048 bits/],
    [pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey), 'ES256', /other than EC P-256/],
    [pem(generateKeyPairSync('x25519').privateKey), 'EdDSA', /other than EC P-256/],
    [encrypted, 'ES256', /not a key, or an encrypted key/],
    [pem(ec()).replace('MIG', 'AAA'), 'ES256', /not a key, or an encrypted key/],
  ]
  for (const [given, algorithm, says] of wrong) {
    t.throws(() => readSigningKeys(given, algorithm), { name: 'Error', message: says })
    t.throws(() => readSigningKeys(given, algorithm), { message: /^SIGNING_KEY / })
  }
  t.end()
})

t.test('readRefreshKeys: refuses a repeated id and an id above 255', t => {
  const key = 'ab'.repeat(32)
  t.throws(() => readRefreshKeys(`1:${key},1:${key}`), { message: /^REFRESH_KEYS must use each id once/ })
  t.throws(() => readRefreshKeys(`1:${key},01:${key}`), { message: /^REFRESH_KEYS must use each id once/ })
  t.throws(() => readRefreshKeys(`256:${key}`), { message: /^REFRESH_KEYS must use each id once, from 0 to 255/ })
  t.equal(readRefreshKeys(` 255:${key} , 0:${key}`).active.id, 255)
  t.end()
})

/** @conforms RFC 7519 section 4.1.4: a token does not outlive its session. */
t.test('access token: expires with its session, rounded up to the second', async t => {
  const signJwt = jwtSigner({ ...generateSigningKey('ES256') })
  const tokens = createAccessTokens({ signJwt, issuer: 'http://x', audience: 'y', lifetimeSeconds: 300 })
  const ids = { sessionId: 's', accountId: 'a', clientId: 'c' }
  const rights = { roles: [], scopes: [], epoch: 0, globalEpoch: 0, remember: true }
  const lived = async (issuedAtMs: number, expiresAtMs: number) => {
    const grant = { ...ids, ...rights, issuedAtMs, expiresAtMs, authenticatedAtMs: issuedAtMs }
    const { iat, exp } = claimsOf(await tokens.sign(grant))
    t.equal(tokens.secondsOf(grant), exp - iat)
    return exp - iat
  }
  t.equal(await lived(1_700_000_000_000, 1_700_009_000_000), 300)
  t.equal(await lived(1_700_000_000_000, 1_700_000_020_000), 20)
  t.equal(await lived(1_700_000_000_200, 1_700_000_000_900), 1, 'in its last second')
  t.equal(await lived(1_700_000_000_900, 1_700_000_001_000), 1)
})
