/** The revocation index: which tokens entries cover, and when entries are removed. */
import type { RevocationEntry } from '@gatehouse/contract'
import t from 'tap'
import { applyEntry, createRevocationIndex, entryCount, lookup, removeExpired, type TokenClaims } from '../src/index.ts'

const token: TokenClaims = { sid: 's1', sub: 'u1', epoch: 3, global_epoch: 7, act: { sub: 'portal', sid: 'c1' } }
const expiresAtMs = 1_700_000_000_123

function session(subject: string, more: Partial<RevocationEntry> = {}): RevocationEntry {
  return { seq: 1, kind: 'session', subject, epoch: null, effect: 'ended', expiresAtMs, ...more }
}
function user(epoch: number | null, more: Partial<RevocationEntry> = {}): RevocationEntry {
  return { seq: 1, kind: 'user', subject: 'u1', epoch, effect: 'ended', expiresAtMs, ...more }
}
function globalEntry(epoch: number, more: Partial<RevocationEntry> = {}): RevocationEntry {
  return { seq: 1, kind: 'global', subject: null, epoch, effect: 'ended', expiresAtMs, ...more }
}
function indexOf(...entries: RevocationEntry[]) {
  const index = createRevocationIndex()
  for (const entry of entries) applyEntry(index, entry)
  return index
}

const lookups: Record<string, { entries: RevocationEntry[]; is: RevocationEntry['effect'] | undefined }> = {
  'an empty index covers nothing': { entries: [], is: undefined },
  'an ended session is covered': { entries: [session('s1')], is: 'ended' },
  'a token whose actor has ended is covered': { entries: [session('c1')], is: 'ended' },
  'another session is not covered': { entries: [session('s2')], is: undefined },
  'a session can be forbidden': { entries: [session('s1', { effect: 'forbidden' })], is: 'forbidden' },
  'a session can be superseded': { entries: [session('s1', { effect: 'superseded' })], is: 'superseded' },
  'a session without a subject covers nothing': { entries: [session('s1', { subject: null })], is: undefined },
  'tokens below the epoch of their account are covered': { entries: [user(4)], is: 'ended' },
  'a token of the new epoch is not covered': { entries: [user(3)], is: undefined },
  'another account is not covered': { entries: [user(4, { subject: 'u2' })], is: undefined },
  'a revocation of no account covers nothing': { entries: [user(4, { subject: null })], is: undefined },
  'a revocation without an epoch covers nothing': { entries: [user(null)], is: undefined },
  'tokens below the global epoch are covered': { entries: [globalEntry(8)], is: 'ended' },
  'a token of the new global epoch is not covered': { entries: [globalEntry(7)], is: undefined },
  'a disabled account is forbidden': { entries: [user(4, { effect: 'forbidden' })], is: 'forbidden' },
  'an account can be superseded': { entries: [user(4, { effect: 'superseded' })], is: 'superseded' },
  'a later entry of an account replaces the effect of the earlier': {
    entries: [user(4, { effect: 'forbidden' }), user(5)],
    is: 'ended',
  },
  'a later entry of a session replaces the effect of the earlier': {
    entries: [session('s1', { effect: 'forbidden' }), session('s1')],
    is: 'ended',
  },
  'a later global entry covers tokens of a higher epoch': { entries: [globalEntry(7), globalEntry(8)], is: 'ended' },
  'the entry of a session wins over the entry of its account': {
    entries: [user(4, { effect: 'forbidden' }), session('s1')],
    is: 'ended',
  },
  'a global entry covers a token that the entry of its account does not cover': {
    entries: [user(3), globalEntry(8)],
    is: 'ended',
  },
}

for (const [name, { entries, is }] of Object.entries(lookups)) {
  t.test(`lookup: ${name}`, async t => {
    t.equal(lookup(indexOf(...entries), token), is)
  })
}

t.test('applyEntry: a later entry for the same subject replaces the earlier', async t => {
  t.equal(entryCount(indexOf(session('s1'), session('s1'), user(4), user(5), globalEntry(8), globalEntry(9))), 3)
})

t.test('removeExpired: removes nothing one millisecond before the expiry', async t => {
  const index = indexOf(session('s1', { effect: 'superseded' }), user(4), globalEntry(8))
  t.equal(removeExpired(index, { expiredAtMs: expiresAtMs - 1, max: 10 }), 0)
  t.equal(entryCount(index), 3)
})

t.test('removeExpired: removes entries of all kinds at their expiry', async t => {
  const index = indexOf(session('s1', { effect: 'superseded' }), user(4), globalEntry(8))
  removeExpired(index, { expiredAtMs: expiresAtMs, max: 10 })
  t.equal(entryCount(index), 0)
})

t.test('removeExpired: removes at most max entries, the oldest first', async t => {
  const index = indexOf(session('s1'), session('s2'), session('s3'), user(4), user(4, { subject: 'u2' }))
  t.equal(removeExpired(index, { expiredAtMs: expiresAtMs, max: 2 }), 2)
  t.same(
    [...index.sessions.values()].flatMap(shard => [...shard.keys()]),
    ['s3'],
  )
  t.equal(removeExpired(index, { expiredAtMs: expiresAtMs, max: 2 }), 2)
  t.same([...index.users.keys()], ['u2'])
})

t.test('removeExpired: a replaced entry of an account does not block those that expire before it', async t => {
  const index = indexOf(user(4), user(4, { subject: 'u2' }), user(5, { expiresAtMs: expiresAtMs + 1 }))
  t.equal(removeExpired(index, { expiredAtMs: expiresAtMs, max: 10 }), 1)
  t.same([...index.users.keys()], ['u1'])
})

t.test('removeExpired: keeps a replaced entry until the expiry of the later one', async t => {
  const index = indexOf(session('s1'), session('s2'), session('s1', { expiresAtMs: expiresAtMs + 1 }))
  t.equal(removeExpired(index, { expiredAtMs: expiresAtMs, max: 10 }), 1)
  t.equal(lookup(index, token), 'ended')
})
