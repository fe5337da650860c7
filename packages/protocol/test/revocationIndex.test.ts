/** What a guard remembers, which tokens that covers, and when it forgets. */
import type { Entry } from '@gatehouse/contract'
import t from 'tap'
import { applyEntry, createRevocationIndex, entryCount, lookup, removeExpired, type TokenClaims } from '../src/index.ts'

const token: TokenClaims = { sid: 's1', sub: 'u1', epoch: 3, global_epoch: 7 }
const expiresAtMs = 1_700_000_000_123

function session(subject: string, more: Partial<Entry> = {}): Entry {
  return { seq: 1, kind: 'session', subject, epoch: null, effect: 'ended', expiresAtMs, ...more }
}
function user(epoch: number | null, more: Partial<Entry> = {}): Entry {
  return { seq: 1, kind: 'user', subject: 'u1', epoch, effect: 'ended', expiresAtMs, ...more }
}
function globalEntry(epoch: number, more: Partial<Entry> = {}): Entry {
  return { seq: 1, kind: 'global', subject: null, epoch, effect: 'ended', expiresAtMs, ...more }
}
function remembering(...entries: Entry[]) {
  const memory = createRevocationIndex()
  for (const entry of entries) applyEntry(memory, entry)
  return memory
}

const verdicts: Record<string, { entries: Entry[]; is: Entry['effect'] | undefined }> = {
  'nothing is covered by nothing': { entries: [], is: undefined },
  'an ended session is covered': { entries: [session('s1')], is: 'ended' },
  'another session is not': { entries: [session('s2')], is: undefined },
  'a session keeps the outcome forbidden': { entries: [session('s1', { effect: 'forbidden' })], is: 'forbidden' },
  'a session keeps the outcome superseded': { entries: [session('s1', { effect: 'superseded' })], is: 'superseded' },
  'a session without a subject covers nothing': { entries: [session('s1', { subject: null })], is: undefined },
  'tokens below the epoch of their account are covered': { entries: [user(4)], is: 'ended' },
  'a token of the new epoch is not: a log-in right after stands': { entries: [user(3)], is: undefined },
  'another account is not covered': { entries: [user(4, { subject: 'u2' })], is: undefined },
  'a revocation of no account covers nothing': { entries: [user(4, { subject: null })], is: undefined },
  'a revocation without an epoch covers nothing': { entries: [user(null)], is: undefined },
  'tokens below the global epoch are covered': { entries: [globalEntry(8)], is: 'ended' },
  'a token of the new global epoch is not': { entries: [globalEntry(7)], is: undefined },
  'a disabled account is forbidden': { entries: [user(4, { effect: 'forbidden' })], is: 'forbidden' },
  'a superseded token is to be renewed': { entries: [user(4, { effect: 'superseded' })], is: 'superseded' },
  'a re-enabled account turns its older tokens from forbidden to ended': {
    entries: [user(4, { effect: 'forbidden' }), user(5)],
    is: 'ended',
  },
  'a later entry of a session says what is true now': {
    entries: [session('s1', { effect: 'forbidden' }), session('s1')],
    is: 'ended',
  },
  'a later revocation of everyone covers more': { entries: [globalEntry(7), globalEntry(8)], is: 'ended' },
  'an ended session is ended although its account is disabled': {
    entries: [user(4, { effect: 'forbidden' }), session('s1')],
    is: 'ended',
  },
  'an account that does not cover it leaves it to everyone': { entries: [user(3), globalEntry(8)], is: 'ended' },
}

for (const [name, { entries, is }] of Object.entries(verdicts)) {
  t.test(name, async t => {
    t.equal(lookup(remembering(...entries), token), is)
  })
}

t.test('a repeated entry is held once', async t => {
  t.equal(entryCount(remembering(session('s1'), session('s1'), user(4), user(5), globalEntry(8), globalEntry(9))), 3)
})

t.test('nothing is forgotten a millisecond before its tokens have expired', async t => {
  const memory = remembering(session('s1', { effect: 'superseded' }), user(4), globalEntry(8))
  t.equal(removeExpired(memory, { wallMs: expiresAtMs - 1, max: 10 }), 0)
  t.equal(entryCount(memory), 3)
})

t.test('everything is forgotten once its tokens have expired', async t => {
  const memory = remembering(session('s1', { effect: 'superseded' }), user(4), globalEntry(8))
  removeExpired(memory, { wallMs: expiresAtMs, max: 10 })
  t.equal(entryCount(memory), 0)
})

t.test('no call forgets more than it may, and the oldest go first', async t => {
  const memory = remembering(session('s1'), session('s2'), session('s3'), user(4), user(4, { subject: 'u2' }))
  t.equal(removeExpired(memory, { wallMs: expiresAtMs, max: 2 }), 2)
  t.same(
    [...memory.sessions.values()].flatMap(drawer => [...drawer.keys()]),
    ['s3'],
  )
  t.equal(removeExpired(memory, { wallMs: expiresAtMs, max: 2 }), 2)
  t.same([...memory.users.keys()], ['u2'])
})

t.test('an entry that was renewed is forgotten by its new date', async t => {
  const memory = remembering(session('s1'), session('s2'), session('s1', { expiresAtMs: expiresAtMs + 1 }))
  t.equal(removeExpired(memory, { wallMs: expiresAtMs, max: 10 }), 1)
  t.equal(lookup(memory, token), 'ended')
})
