/** What a guard remembers, which tokens that covers, and when it forgets. */
import type { Entry } from '@gatehouse/contract'
import t from 'tap'
import { type Covered, emptyMemory, entriesHeld, forgetExpired, learn, verdict } from '../src/index.ts'

const token: Covered = { sid: 's1', sub: 'u1', epoch: 3, everyone_epoch: 7 }
const expiresAtMs = 1_700_000_000_123

function session(subject: string, more: Partial<Entry> = {}): Entry {
  return { seq: 1, kind: 'session', subject, epoch: null, outcome: 'ended', expiresAtMs, ...more }
}
function user(epoch: number | null, more: Partial<Entry> = {}): Entry {
  return { seq: 1, kind: 'user', subject: 'u1', epoch, outcome: 'ended', expiresAtMs, ...more }
}
function everyone(epoch: number, more: Partial<Entry> = {}): Entry {
  return { seq: 1, kind: 'everyone', subject: null, epoch, outcome: 'ended', expiresAtMs, ...more }
}
function remembering(...entries: Entry[]) {
  const memory = emptyMemory()
  for (const entry of entries) learn(memory, entry)
  return memory
}

const verdicts: Record<string, { entries: Entry[]; is: Entry['outcome'] | undefined }> = {
  'nothing is covered by nothing': { entries: [], is: undefined },
  'an ended session is covered': { entries: [session('s1')], is: 'ended' },
  'another session is not': { entries: [session('s2')], is: undefined },
  'a session keeps the outcome forbidden': { entries: [session('s1', { outcome: 'forbidden' })], is: 'forbidden' },
  'a session keeps the outcome superseded': { entries: [session('s1', { outcome: 'superseded' })], is: 'superseded' },
  'a session without a subject covers nothing': { entries: [session('s1', { subject: null })], is: undefined },
  'tokens below the epoch of their account are covered': { entries: [user(4)], is: 'ended' },
  'a token of the new epoch is not: a log-in right after stands': { entries: [user(3)], is: undefined },
  'another account is not covered': { entries: [user(4, { subject: 'u2' })], is: undefined },
  'a revocation of no account covers nothing': { entries: [user(4, { subject: null })], is: undefined },
  'a revocation without an epoch covers nothing': { entries: [user(null)], is: undefined },
  'tokens below the global epoch are covered': { entries: [everyone(8)], is: 'ended' },
  'a token of the new global epoch is not': { entries: [everyone(7)], is: undefined },
  'a disabled account is forbidden': { entries: [user(4, { outcome: 'forbidden' })], is: 'forbidden' },
  'a superseded token is to be renewed': { entries: [user(4, { outcome: 'superseded' })], is: 'superseded' },
  'a re-enabled account turns its older tokens from forbidden to ended': {
    entries: [user(4, { outcome: 'forbidden' }), user(5)],
    is: 'ended',
  },
  'a later entry of a session says what is true now': {
    entries: [session('s1', { outcome: 'forbidden' }), session('s1')],
    is: 'ended',
  },
  'a later revocation of everyone covers more': { entries: [everyone(7), everyone(8)], is: 'ended' },
  'an ended session is ended although its account is disabled': {
    entries: [user(4, { outcome: 'forbidden' }), session('s1')],
    is: 'ended',
  },
  'an account that does not cover it leaves it to everyone': { entries: [user(3), everyone(8)], is: 'ended' },
}

for (const [name, { entries, is }] of Object.entries(verdicts)) {
  t.test(name, async t => {
    t.equal(verdict(remembering(...entries), token), is)
  })
}

t.test('a repeated entry is held once', async t => {
  t.equal(entriesHeld(remembering(session('s1'), session('s1'), user(4), user(5), everyone(8), everyone(9))), 3)
})

t.test('nothing is forgotten a millisecond before its tokens have expired', async t => {
  const memory = remembering(session('s1', { outcome: 'superseded' }), user(4), everyone(8))
  t.equal(forgetExpired(memory, { wallMs: expiresAtMs - 1, most: 10 }), 0)
  t.equal(entriesHeld(memory), 3)
})

t.test('everything is forgotten once its tokens have expired', async t => {
  const memory = remembering(session('s1', { outcome: 'superseded' }), user(4), everyone(8))
  forgetExpired(memory, { wallMs: expiresAtMs, most: 10 })
  t.equal(entriesHeld(memory), 0)
})

t.test('no call forgets more than it may, and the oldest go first', async t => {
  const memory = remembering(session('s1'), session('s2'), session('s3'), user(4), user(4, { subject: 'u2' }))
  t.equal(forgetExpired(memory, { wallMs: expiresAtMs, most: 2 }), 2)
  t.same(
    [...memory.sessions.values()].flatMap(drawer => [...drawer.keys()]),
    ['s3'],
  )
  t.equal(forgetExpired(memory, { wallMs: expiresAtMs, most: 2 }), 2)
  t.same([...memory.users.keys()], ['u2'])
})

t.test('an entry that was renewed is forgotten by its new date', async t => {
  const memory = remembering(session('s1'), session('s2'), session('s1', { expiresAtMs: expiresAtMs + 1 }))
  t.equal(forgetExpired(memory, { wallMs: expiresAtMs, most: 10 }), 1)
  t.equal(verdict(memory, token), 'ended')
})
