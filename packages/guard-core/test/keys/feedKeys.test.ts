/** Keys of the feed, before those of another source. */
import type { FeedKey, KeyEffect, KeyEntry } from '@gatehouse/contract'
import { createFeedKeys, createVerifier, staticKeys } from '@gatehouse/guard-core'
import {
  audience,
  claimsAt,
  issuer,
  problemCodeOf,
  type SigningKey,
  signingKey,
  startMs,
  tokenOf,
} from '@gatehouse/testkit'
import t from 'tap'

const fixed = signingKey()
const added = signingKey()
const lastPage = { entries: [], more: false }

function entriesOf(...entries: [KeyEffect, SigningKey][]): Map<string, KeyEntry> {
  const common = { kind: 'key', subject: null, epoch: null, expiresAtMs: 0 } as const
  return new Map(
    entries.map(([effect, { kid, jwk }], index) => {
      const key = (effect === 'withdrawn' ? { kid } : jwk) as FeedKey
      return [kid, { ...common, seq: index + 1, effect, key }]
    }),
  )
}

t.test('another feed: an announced key is kept until the last page shows that the feed lacks it', async t => {
  const keys = createFeedKeys(staticKeys([]))
  keys.apply(entriesOf(['announced', added]), lastPage)
  const key = keys.find(added.kid)
  t.match(key, { kid: added.kid, isWithdrawn: false })
  keys.apply(entriesOf(), { entries: [], more: true })
  t.equal(keys.find(added.kid), key)
  keys.apply(entriesOf(), lastPage)
  t.equal(keys.find(added.kid), undefined)
  t.equal(key?.isWithdrawn, true, 'its cached tokens are refused')
})

t.test('another feed: a key of the other source is valid again when the feed has not withdrawn it', async t => {
  const keys = createFeedKeys(staticKeys([{ pem: fixed.pem }]))
  const key = keys.find(fixed.kid)
  keys.apply(entriesOf(['withdrawn', fixed]), lastPage)
  t.equal(keys.find(fixed.kid), undefined)
  t.equal(key?.isWithdrawn, true)
  t.equal(await problemCodeOf(() => keys.fetchKey(fixed.kid)), 'token-invalid')
  keys.apply(entriesOf(), lastPage)
  t.equal(keys.find(fixed.kid), key)
  t.equal(key?.isWithdrawn, false)
})

t.test('apply: looks at keys only when an entry of a key came or the feed has changed', t => {
  let lookups = 0
  const other = staticKeys([{ pem: fixed.pem }])
  const find = (kid: string) => {
    lookups += 1
    return other.find(kid)
  }
  const keys = createFeedKeys({ ...other, find })
  const entries = entriesOf(['withdrawn', fixed])
  const lookupsOf = (...parameters: Parameters<typeof keys.apply>) => {
    lookups = 0
    keys.apply(...parameters)
    return lookups
  }
  t.equal(lookupsOf(entries, { entries: [], more: true }), 1, 'the first page')
  t.equal(lookupsOf(entries, lastPage), 1, 'the last page')
  t.equal(lookupsOf(entries, lastPage), 0)
  const session = { kind: 'session', seq: 2, subject: 's', epoch: null, effect: 'ended', expiresAtMs: 0 } as const
  t.equal(lookupsOf(entries, { entries: [session], more: false }), 0)
  t.equal(lookupsOf(entries, { entries: [session, ...entries.values()], more: false }), 1, 'an entry of a key')
  t.equal(lookupsOf(entriesOf(['withdrawn', fixed]), lastPage), 1, 'another feed')
  t.end()
})

t.test('verify: an unknown key is revocation-unknown while the guard has no lease', async t => {
  for (const hasLease of [true, false]) {
    const keys = createFeedKeys(staticKeys([{ pem: fixed.pem }]))
    const isTimeCurrent = () => hasLease
    const verifier = createVerifier({ issuer, audience, keys, timeMs: () => startMs, isTimeCurrent })
    const token = `Bearer ${tokenOf(added, claimsAt(startMs))}`
    const code = await problemCodeOf(() => verifier.verify(token))
    t.equal(code, hasLease ? 'token-invalid' : 'revocation-unknown')
    keys.apply(entriesOf(['withdrawn', added]), lastPage)
    t.equal(await problemCodeOf(() => verifier.verify(token)), 'token-invalid', 'a withdrawn key')
  }
})
