/** The cache of verified tokens. */
import { ProblemError } from '@gatehouse/contract'
import { createVerifier, type Keys, keyFromPem, type PublicKey, staticKeys } from '@gatehouse/guard-core'
import { audience, claimsAt, fakeClock, issuer, problemCodeOf, signingKey, startMs, tokenOf } from '@gatehouse/testkit'
import t from 'tap'

const key = signingKey()
const rules = { issuer, audience }
const header = (over: Record<string, unknown> = {}) => `Bearer ${tokenOf(key, claimsAt(startMs, over))}`

function fixture(options: { cacheSize?: number; keys?: Keys } = {}) {
  const clock = fakeClock({ wallMs: startMs })
  const verifier = createVerifier({ ...rules, timeMs: clock.wallMs, keys: staticKeys([{ pem: key.pem }]), ...options })
  return { clock, verifier }
}

t.test('verify: a cached token returns the same frozen caller synchronously', async t => {
  const { verifier } = fixture()
  const authorization = header({ roles: ['admin'] })
  const first = await verifier.verify(authorization)
  const again = verifier.verify(`${authorization}`)
  t.equal(again, first)
  t.throws(() => (first.caller.roles as string[]).push('root'), TypeError)
  t.throws(() => Object.assign(first.caller.claims, { sub: 'mallory' }), TypeError)
})

t.test('cache: evicts the oldest token when it is full', async t => {
  const { verifier } = fixture({ cacheSize: 3 })
  const headers = Array.from({ length: 5 }, () => header())
  const first = await verifier.verify(headers[0])
  for (const authorization of headers) await verifier.verify(authorization)
  t.equal(verifier.size(), 3)
  t.not(await verifier.verify(headers[0]), first, 'verified again')
})

t.test('cache: expired tokens are removed as new ones arrive', async t => {
  const { verifier, clock } = fixture()
  for (let count = 0; count < 50; count += 1) await verifier.verify(header())
  t.equal(verifier.size(), 50)
  await clock.advance(600_000)
  for (let count = 0; count < 60; count += 1) {
    await verifier.verify(`Bearer ${tokenOf(key, claimsAt(clock.wallMs()))}`)
  }
  t.equal(verifier.size(), 60)
})

t.test('cache: invalid tokens do not evict a valid one', async t => {
  const { verifier } = fixture({ cacheSize: 2 })
  const good = header()
  const known = await verifier.verify(good)
  for (let n = 0; n < 50; n += 1) {
    const [head, body] = header().split('.')
    t.throws(() => verifier.verify(`${head}.${body}.${'A'.repeat(86)}`), ProblemError)
  }
  t.equal(verifier.verify(good), known)
})

t.test('cache: a cached token expires', async t => {
  const { verifier, clock } = fixture()
  const authorization = header()
  await verifier.verify(authorization)
  await clock.advance(304_999)
  t.ok(verifier.verify(authorization))
  await clock.advance(1)
  t.equal(await problemCodeOf(() => verifier.verify(authorization)), 'token-expired')
  t.equal(verifier.size(), 0)
})

t.test('cache: a cached token is not valid before its iat', async t => {
  const { verifier, clock } = fixture()
  const authorization = header()
  await verifier.verify(authorization)
  clock.suspend(-60_000)
  t.equal(await problemCodeOf(() => verifier.verify(authorization)), 'token-invalid')
})

t.test('cache: a token of a withdrawn key is invalid', async t => {
  const known: PublicKey = keyFromPem(key.pem)
  const keys: Keys = { ...staticKeys([]), find: kid => (kid === known.kid && !known.isWithdrawn ? known : undefined) }
  const { verifier } = fixture({ keys })
  const authorization = header()
  await verifier.verify(authorization)
  known.isWithdrawn = true
  t.equal(await problemCodeOf(() => verifier.verify(authorization)), 'token-invalid')
})

t.test('cache: a token with the same last characters is verified', async t => {
  const { verifier } = fixture()
  const authorization = header()
  await verifier.verify(authorization)
  const other = `Bearer x${authorization.slice(8)}`
  t.equal(other.slice(-24), authorization.slice(-24))
  t.equal(await problemCodeOf(() => verifier.verify(other)), 'token-invalid')
})

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
  t.test(`${algorithm} is verified with a PEM key, named by its thumbprint`, async t => {
    const one = signingKey(algorithm)
    const { verifier } = fixture({ keys: staticKeys([{ pem: one.pem }]) })
    const { caller } = await verifier.verify(`Bearer ${tokenOf(one, claimsAt(startMs, { sub: 'ada', scope: 'a b' }))}`)
    t.match(caller, { id: 'ada', scopes: ['a', 'b'], roles: ['user'], clientId: 'first-party' })
  })
}

t.test('keyFromPem: rejects a private key and a wrong algorithm', async t => {
  t.throws(() => keyFromPem(key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()), /private key/)
  t.throws(() => keyFromPem(key.pem, { algorithm: 'RS256' }), /ES256, not RS256/)
})
