/** What the memory of valid tokens may and may not do. */
import { ProblemError } from '@gatehouse/contract'
import { createVerifier, type Keys, keyFromPem, type PublicKey, staticKeys } from '@gatehouse/guard'
import { audience, claimsAt, fakeClock, issuer, problemCodeOf, signingKey, startMs, tokenOf } from '@gatehouse/testkit'
import t from 'tap'

const key = signingKey()
const rules = { issuer, audience }
const header = (over: Record<string, unknown> = {}) => `Bearer ${tokenOf(key, claimsAt(startMs, over))}`

function fixture(options: { cacheSize?: number; keys?: Keys } = {}) {
  const clock = fakeClock({ wallMs: startMs })
  const verifier = createVerifier({ ...rules, clock, keys: staticKeys([{ pem: key.pem }]), ...options })
  return { clock, verifier }
}

t.test('a known token is answered at once, with the same frozen caller', async t => {
  const { verifier } = fixture()
  const authorization = header({ roles: ['admin'] })
  const first = await verifier.verify(authorization)
  const again = verifier.verify(`${authorization}`)
  t.equal(again, first)
  t.throws(() => (first.caller.roles as string[]).push('root'), TypeError)
  t.throws(() => Object.assign(first.caller.claims, { sub: 'somebody' }), TypeError)
})

t.test('the cache never grows beyond its size, and the oldest goes first', async t => {
  const { verifier } = fixture({ cacheSize: 3 })
  const headers = Array.from({ length: 5 }, () => header())
  const first = await verifier.verify(headers[0])
  for (const one of headers) await verifier.verify(one)
  t.equal(verifier.size(), 3)
  t.not(await verifier.verify(headers[0]), first, 'verified anew')
})

t.test('garbage pushes no valid token out', async t => {
  const { verifier } = fixture({ cacheSize: 2 })
  const good = header()
  const known = await verifier.verify(good)
  for (let n = 0; n < 50; n += 1) {
    const [head, body] = header().split('.')
    t.throws(() => verifier.verify(`${head}.${body}.${'A'.repeat(86)}`), ProblemError)
  }
  t.equal(verifier.verify(good), known)
})

t.test('a remembered token expires like any other', async t => {
  const { verifier, clock } = fixture()
  const authorization = header()
  await verifier.verify(authorization)
  await clock.advance(304_999)
  t.ok(verifier.verify(authorization))
  await clock.advance(1)
  t.equal(await problemCodeOf(() => verifier.verify(authorization)), 'token-expired')
  t.equal(verifier.size(), 0)
})

t.test('a remembered token does not become valid before its time when the clock is set back', async t => {
  const { verifier, clock } = fixture()
  const authorization = header()
  await verifier.verify(authorization)
  clock.suspend(-60_000)
  t.equal(await problemCodeOf(() => verifier.verify(authorization)), 'token-invalid')
})

t.test('a remembered token does not outlive its key', async t => {
  const known: PublicKey = keyFromPem(key.pem)
  const keys: Keys = { ...staticKeys([]), find: kid => (kid === known.kid && !known.isWithdrawn ? known : undefined) }
  const { verifier } = fixture({ keys })
  const authorization = header()
  await verifier.verify(authorization)
  known.isWithdrawn = true
  t.equal(await problemCodeOf(() => verifier.verify(authorization)), 'token-invalid')
})

t.test('two tokens with the same end are still two tokens', async t => {
  const { verifier } = fixture()
  const authorization = header()
  await verifier.verify(authorization)
  const other = `Bearer x${authorization.slice(8)}`
  t.equal(other.slice(-24), authorization.slice(-24))
  t.equal(await problemCodeOf(() => verifier.verify(other)), 'token-invalid')
})

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
  t.test(`${algorithm} is verified by a PEM, named by its thumbprint`, async t => {
    const one = signingKey(algorithm)
    const { verifier } = fixture({ keys: staticKeys([{ pem: one.pem }]) })
    const { caller } = await verifier.verify(`Bearer ${tokenOf(one, claimsAt(startMs, { sub: 'ada', scope: 'a b' }))}`)
    t.match(caller, { id: 'ada', scopes: ['a', 'b'], roles: ['user'], clientId: 'first-party' })
  })
}

t.test('a key that must not verify anything is refused when it is given', async t => {
  t.throws(() => keyFromPem(key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()), /private key/)
  t.throws(() => keyFromPem(key.pem, { algorithm: 'RS256' }), /ES256, not RS256/)
})
