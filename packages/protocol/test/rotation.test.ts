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

const cases: Record<string, { facts: Partial<RotationFacts>; is: RotationDecision }> = {
  'the previous token within the window is a retry': { facts: { dbNowMs: soon }, is: retry },
  'the previous token at the end of the window is reuse': { facts: { dbNowMs: late }, is: reuse },
  'the previous token with the same Idempotency-Key is a retry after the window': {
    facts: { dbNowMs: 7_000_000, presented: { ...previous, hasSameIdempotencyKey: true } },
    is: retry,
  },
  'the previous token without a rotation time is reuse': {
    facts: { stored: { ...stored, rotatedAtMs: null } },
    is: reuse,
  },
  'the previous generation with another secret is from before a restore and not reuse': {
    facts: { presented: { ...previous, isPreviousSecret: false, hasSameIdempotencyKey: true } },
    is: ended,
  },
  'the current generation with another secret is from before a restore and not reuse': {
    facts: { presented: { ...previous, generation: 5, isPreviousSecret: false } },
    is: ended,
  },
  'a token two generations old is reuse within the window': {
    facts: { presented: { ...previous, generation: 3, isPreviousSecret: false } },
    is: reuse,
  },
  'a token two generations old is reuse with the same Idempotency-Key': {
    facts: { presented: { ...previous, generation: 3, hasSameIdempotencyKey: true } },
    is: reuse,
  },
  'a token ahead of its row moves the row forward': {
    facts: { presented: { ...previous, generation: 6, isPreviousSecret: false } },
    is: { kind: 'ahead' },
  },
  'a token ahead of the row of a disabled account is refused': {
    facts: { session: { ...session, isCutOff: true }, presented: { ...previous, generation: 6 } },
    is: ended,
  },
  'a token ahead of the row of an idle session is refused': {
    facts: { dbNowMs: stored.idleExpiresAtMs, presented: { ...previous, generation: 6 } },
    is: expired,
  },
  'the current token whose row was locked is locked': {
    facts: { presented: { ...previous, generation: 5, isCurrentSecret: true } },
    is: { kind: 'locked' },
  },
  'an unknown session has ended': { facts: { session: null }, is: ended },
  'an old token of an ended session is not reuse': {
    facts: { session: { ...session, isEnded: true }, presented: { ...previous, generation: 1 } },
    is: ended,
  },
  'the previous token of a disabled account is no retry': {
    facts: { session: { ...session, isCutOff: true } },
    is: ended,
  },
  'a session expires at its absolute end': {
    facts: { dbNowMs: session.expiresAtMs, stored: { ...stored, idleExpiresAtMs: 9_500_000 } },
    is: expired,
  },
  'a session without a refresh row has ended': { facts: { stored: null }, is: ended },
  'a session expires at its idle end': { facts: { dbNowMs: stored.idleExpiresAtMs }, is: expired },
  'an old token of an idle session is not reuse': {
    facts: { dbNowMs: stored.idleExpiresAtMs, presented: { ...previous, generation: 1 } },
    is: expired,
  },
}

for (const [name, { facts, is }] of Object.entries(cases)) {
  t.test(`explainRotation: ${name}`, async t => {
    t.same(explainRotation({ dbNowMs: soon, session, stored, presented: previous, ...facts }, retryWindowMs), is)
  })
}
