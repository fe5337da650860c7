/** Why a renewal did not rotate: retry, reuse or the end of the session. */
import t from 'tap'
import { explainRotation, type RotationDecision, type RotationFacts } from '../src/index.ts'

const retryWindowMs = 30_000
const rotatedAtMs = 1_000_000
const session = { isEnded: false, isCutOff: false, expiresAtMs: 9_000_000 }
const stored = { generation: 5, idleExpiresAtMs: 8_000_000, rotatedAtMs }
const previous = { generation: 4, isCurrentSecret: false, isPreviousSecret: true, hasSameIdempotencyKey: false }
const soon = rotatedAtMs + retryWindowMs - 1
const late = rotatedAtMs + retryWindowMs

const retry: RotationDecision = { kind: 'retry' }
const reuse: RotationDecision = { kind: 'reuse' }
const ended: RotationDecision = { kind: 'reject', code: 'session-ended' }
const expired: RotationDecision = { kind: 'reject', code: 'session-expired' }

function decide(facts: Partial<RotationFacts>): RotationDecision {
  return explainRotation({ dbNowMs: soon, session, stored, presented: previous, ...facts }, retryWindowMs)
}
const presenting = (over: Partial<typeof previous>) => ({ presented: { ...previous, ...over } })

t.test('explainRotation: the previous token is a retry within the window or with its Idempotency-Key', async t => {
  t.same(decide({ dbNowMs: soon }), retry)
  t.same(decide({ dbNowMs: late }), reuse, 'at the end of the window')
  const sameKey = presenting({ hasSameIdempotencyKey: true })
  t.same(decide({ dbNowMs: 7_000_000, ...sameKey }), retry, 'long after the window')
  t.same(decide({ stored: { ...stored, rotatedAtMs: null } }), reuse, 'without a rotation time')
  t.same(decide({ session: { ...session, isCutOff: true } }), ended, 'of a disabled account')
})

t.test('explainRotation: a token two generations old is reuse, within the window and with the same key', async t => {
  t.same(decide(presenting({ generation: 3, isPreviousSecret: false })), reuse)
  t.same(decide(presenting({ generation: 3, hasSameIdempotencyKey: true })), reuse)
  const oldest = presenting({ generation: 1 })
  t.same(decide({ ...oldest, session: { ...session, isEnded: true } }), ended, 'not of an ended session')
  t.same(decide({ ...oldest, dbNowMs: stored.idleExpiresAtMs }), expired, 'not of an idle session')
})

t.test('explainRotation: another secret of a present generation is from before a restore and not reuse', async t => {
  const before = { isPreviousSecret: false, hasSameIdempotencyKey: true }
  t.same(decide(presenting(before)), ended)
  t.same(decide(presenting({ generation: 5, isPreviousSecret: false })), ended)
})

t.test('explainRotation: a token ahead of its row moves the row forward, unless the session is over', async t => {
  const ahead = presenting({ generation: 6 })
  t.same(decide(presenting({ generation: 6, isPreviousSecret: false })), { kind: 'ahead' })
  t.same(decide({ ...ahead, session: { ...session, isCutOff: true } }), ended, 'a disabled account')
  t.same(decide({ ...ahead, dbNowMs: stored.idleExpiresAtMs }), expired, 'an idle session')
})

t.test('explainRotation: the current token whose row was locked is locked', async t => {
  t.same(decide(presenting({ generation: 5, isCurrentSecret: true })), { kind: 'locked' })
})

t.test('explainRotation: an unknown session has ended, and a session expires at its absolute and idle end', async t => {
  t.same(decide({ session: null }), ended)
  t.same(decide({ stored: null }), ended, 'without a refresh row')
  const absolute = { dbNowMs: session.expiresAtMs, stored: { ...stored, idleExpiresAtMs: 9_500_000 } }
  t.same(decide(absolute), expired)
  t.same(decide({ dbNowMs: stored.idleExpiresAtMs }), expired)
})
