/** Why a renewal did not rotate: retry, theft or the end, case by case. */
import t from 'tap'
import { explainRotation, type RotationDecision, type RotationFacts } from '../src/index.ts'

const retryWindowMs = 30_000
const rotatedAtMs = 1_000_000
const session = { isEnded: false, isCutOff: false, expiresAtMs: 9_000_000 }
const stored = { generation: 5, idleExpiresAtMs: 8_000_000, rotatedAtMs }
const previous = { generation: 4, isCurrentSecret: false, isPreviousSecret: true, hasSameIdempotencyKey: false }
const soon = rotatedAtMs + retryWindowMs - 1
const late = rotatedAtMs + retryWindowMs

const repeat: RotationDecision = { kind: 'retry' }
const theft: RotationDecision = { kind: 'reuse' }
const ended: RotationDecision = { kind: 'reject', code: 'session-ended' }
const expired: RotationDecision = { kind: 'reject', code: 'session-expired' }

const cases: Record<string, { facts: Partial<RotationFacts>; is: RotationDecision }> = {
  'a retry within the window gets the same successor': { facts: { dbNowMs: soon }, is: repeat },
  'theft when the one before it comes back as the window ends': { facts: { dbNowMs: late }, is: theft },
  'the same attempt may be repeated long after the window': {
    facts: { dbNowMs: 7_000_000, presented: { ...previous, hasSameIdempotencyKey: true } },
    is: repeat,
  },
  'no window is open before a first rotation': { facts: { stored: { ...stored, rotatedAtMs: null } }, is: theft },
  'one behind with another secret is of a history that a restore undid: nobody is called a thief': {
    facts: { presented: { ...previous, isPreviousSecret: false, hasSameIdempotencyKey: true } },
    is: ended,
  },
  'so is the same generation with another secret': {
    facts: { presented: { ...previous, generation: 5, isPreviousSecret: false } },
    is: ended,
  },
  'theft when it is two generations behind, even within the window': {
    facts: { presented: { ...previous, generation: 3, isPreviousSecret: false } },
    is: theft,
  },
  'two generations behind is theft whatever else it claims': {
    facts: { presented: { ...previous, generation: 3, hasSameIdempotencyKey: true } },
    is: theft,
  },
  'a token ahead of its restored database accuses nobody': {
    facts: { presented: { ...previous, generation: 6 } },
    is: ended,
  },
  'the current token whose row somebody held is asked for again': {
    facts: { presented: { ...previous, generation: 5, isCurrentSecret: true } },
    is: { kind: 'locked' },
  },
  'an unknown session is over': { facts: { session: null }, is: ended },
  'an old token of an ended session is not theft': {
    facts: { session: { ...session, isEnded: true }, presented: { ...previous, generation: 1 } },
    is: ended,
  },
  'a cut-off session is not repeated within the window': {
    facts: { session: { ...session, isCutOff: true } },
    is: ended,
  },
  'a session expires at its instant': { facts: { dbNowMs: session.expiresAtMs }, is: expired },
  'a session without a refresh row is over': { facts: { stored: null }, is: ended },
  'idleness ends at its instant': { facts: { dbNowMs: stored.idleExpiresAtMs }, is: expired },
  'idleness comes before theft': {
    facts: { dbNowMs: stored.idleExpiresAtMs, presented: { ...previous, generation: 1 } },
    is: expired,
  },
}

for (const [name, { facts, is }] of Object.entries(cases)) {
  t.test(name, async t => {
    t.same(explainRotation({ dbNowMs: soon, session, stored, presented: previous, ...facts }, retryWindowMs), is)
  })
}
