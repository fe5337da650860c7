/** The follower: when a guard can decide, and how it applies responses. */
import type { Entry, PollResponse } from '@gatehouse/contract'
import t from 'tap'
import {
  abandonPoll,
  applyResponse,
  beginPoll,
  createFollower,
  entryCount,
  type Follower,
  feedNowMs,
  hasLease,
  type Instant,
} from '../src/index.ts'

const leaseMs = 1000
const feedId = 'feed-1'

function at(nowMs: number, wallMs = nowMs + 5_000_000) {
  return { nowMs, wallMs }
}
function entry(seq: number): Entry {
  return { seq, kind: 'session', subject: `s${seq}`, epoch: null, effect: 'ended', expiresAtMs: 9e12 }
}
function response(more: Partial<PollResponse> = {}): PollResponse {
  return { feedId, head: 3, dbNowMs: 0, maxToleranceMs: 0, leaseMs, entries: [], more: false, ...more }
}
function apply(follower: Follower, sentAt: Instant, received: PollResponse) {
  return applyResponse(follower, received, { sentAt, receivedAtMs: sentAt.nowMs })
}
/** A follower at cursor 3 with a lease counted from 0. */
function following(): Follower {
  const follower = createFollower()
  const { sentAt } = beginPoll(follower, at(0))
  apply(follower, sentAt, response())
  return follower
}

t.test('createFollower: has no lease and polls without a cursor', async t => {
  const follower = createFollower()
  t.notOk(hasLease(follower, at(Number.MIN_SAFE_INTEGER)))
  t.same(beginPoll(follower, at(0)).pollCursor, {})
})

t.test('lease: is counted from before the poll was sent', async t => {
  const follower = createFollower()
  const { sentAt } = beginPoll(follower, at(0))
  t.equal(apply(follower, sentAt, response()), 'applied')
  t.ok(hasLease(follower, at(leaseMs - 1)))
  t.notOk(hasLease(follower, at(leaseMs)))
})

t.test('beginPoll: copies the instant, so the caller can reuse its object', async t => {
  const follower = createFollower()
  const instant = at(0)
  const { sentAt } = beginPoll(follower, instant)
  instant.nowMs = 500
  instant.wallMs += 500
  apply(follower, sentAt, response())
  t.notOk(hasLease(follower, at(leaseMs)))
})

t.test('beginPoll: acknowledges the applied entries', async t => {
  const follower = following()
  const { sentAt, pollCursor } = beginPoll(follower, at(10))
  t.same(pollCursor, { feedId, after: 3 })
  apply(follower, sentAt, response({ head: 5, entries: [entry(4), entry(5)] }))
  t.equal(entryCount(follower.index), 2)
  t.same(beginPoll(follower, at(20)).pollCursor, { feedId, after: 5 })
})

t.test('applyResponse: ignores the response to an abandoned poll', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  abandonPoll(follower)
  t.equal(apply(follower, sentAt, response({ head: 4, entries: [entry(4)] })), 'ignored')
  t.equal(follower.cursor, 3)
  t.notOk(hasLease(follower, at(leaseMs)))
})

t.test('applyResponse: ignores the response to a poll before the pending one', async t => {
  const follower = following()
  const first = beginPoll(follower, at(10))
  const second = beginPoll(follower, at(10))
  t.equal(apply(follower, first.sentAt, response()), 'ignored')
  t.equal(apply(follower, second.sentAt, response()), 'applied')
})

t.test('applyResponse: ignores a duplicate response', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  apply(follower, sentAt, response())
  t.equal(apply(follower, sentAt, response()), 'ignored')
})

t.test('lease: is not granted before the last page', async t => {
  const follower = createFollower()
  const first = beginPoll(follower, at(0))
  t.equal(apply(follower, first.sentAt, response({ more: true, entries: [entry(1), entry(2)] })), 'applied')
  t.notOk(hasLease(follower, at(1)))
  const second = beginPoll(follower, at(2))
  t.same(second.pollCursor, { feedId, after: 2 })
  apply(follower, second.sentAt, response({ entries: [entry(3)] }))
  t.ok(hasLease(follower, at(3)))
})

t.test('cursor: stays when a page with more to come is empty', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  apply(follower, sentAt, response({ head: 9, more: true }))
  t.equal(follower.cursor, 3)
})

t.test('lease: stays when a response grants none', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  apply(follower, sentAt, response({ leaseMs: 0 }))
  t.ok(hasLease(follower, at(leaseMs - 1)))
  t.notOk(hasLease(follower, at(leaseMs)))
})

t.test('lease: is not shortened by a shorter lease', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  apply(follower, sentAt, response({ leaseMs: 100 }))
  t.equal(follower.validUntil.nowMs, leaseMs)
})

const restarts = {
  'applyResponse: returns restart when the feed id differs': response({ feedId: 'feed-2', entries: [entry(4)] }),
  'applyResponse: returns restart when the head is behind the cursor': response({ head: 2 }),
}
for (const [name, changed] of Object.entries(restarts)) {
  t.test(name, async t => {
    const follower = following()
    const { sentAt } = beginPoll(follower, at(10))
    t.equal(apply(follower, sentAt, changed), 'restart')
    t.equal(follower.cursor, 3)
    t.notOk(hasLease(follower, at(leaseMs)))
  })
}

t.test('hasLease: is false after a suspension, which stops only the monotonic clock', async t => {
  const follower = following()
  t.notOk(hasLease(follower, at(1, at(0).wallMs + leaseMs)))
})

t.test('hasLease: is not extended by a wall clock that was set back', async t => {
  const follower = following()
  t.notOk(hasLease(follower, at(leaseMs, 0)))
})

t.test('lease: is limited by the new wall-clock time after the clock was set back', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10, 0))
  apply(follower, sentAt, response())
  t.ok(hasLease(follower, at(500, 490)))
  t.notOk(hasLease(follower, at(500, leaseMs)))
})

t.test('time: comes from an applied response and not from an ignored one', async t => {
  const follower = createFollower()
  t.equal(follower.time, null)
  const first = beginPoll(follower, at(0))
  abandonPoll(follower)
  apply(follower, first.sentAt, response({ dbNowMs: 7 }))
  t.equal(follower.time, null)
  const second = beginPoll(follower, at(10))
  applyResponse(follower, response({ dbNowMs: 7000 }), { sentAt: second.sentAt, receivedAtMs: 30 })
  t.match(follower.time, { dbNowMs: 7000, receivedAtMs: 30 })
})

t.test('time: does not go back when a response is delayed', async t => {
  const follower = createFollower()
  const first = beginPoll(follower, at(0))
  applyResponse(follower, response({ dbNowMs: 7000 }), { sentAt: first.sentAt, receivedAtMs: 0 })
  const second = beginPoll(follower, at(100))
  applyResponse(follower, response({ dbNowMs: 7100 }), { sentAt: second.sentAt, receivedAtMs: 600 })
  t.equal(follower.time && feedNowMs(follower.time, 600), 7600)
})
