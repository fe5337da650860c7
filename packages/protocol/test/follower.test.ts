/** When a guard may decide, and what it makes of an answer. */
import type { Entry, PollResponse } from '@gatehouse/contract'
import t from 'tap'
import {
  abandonPoll,
  applyResponse,
  beginPoll,
  createFollower,
  entryCount,
  type Follower,
  mayDecide,
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
  return { feedId, head: 3, leaseMs, entries: [], more: false, ...more }
}
/** A guard at cursor 3 whose lease was counted from 0. */
function following(): Follower {
  const follower = createFollower()
  const { sentAt } = beginPoll(follower, at(0))
  applyResponse(follower, sentAt, response())
  return follower
}

t.test('a new guard decides nothing, and asks for all that lives', async t => {
  const follower = createFollower()
  t.notOk(mayDecide(follower, at(Number.MIN_SAFE_INTEGER)))
  t.same(beginPoll(follower, at(0)).pollCursor, {})
})

t.test('the lease is counted from before the send, however late the answer comes', async t => {
  const follower = createFollower()
  const { sentAt } = beginPoll(follower, at(0))
  t.equal(applyResponse(follower, sentAt, response()), 'applied')
  t.ok(mayDecide(follower, at(leaseMs - 1)))
  t.notOk(mayDecide(follower, at(leaseMs)))
})

t.test('the instant of the send is kept although the caller reuses its clock', async t => {
  const follower = createFollower()
  const instant = at(0)
  const { sentAt } = beginPoll(follower, instant)
  instant.nowMs = 500
  applyResponse(follower, sentAt, response())
  t.notOk(mayDecide(follower, at(leaseMs)))
})

t.test('the next poll acknowledges what was applied', async t => {
  const follower = following()
  const { sentAt, pollCursor } = beginPoll(follower, at(10))
  t.same(pollCursor, { feedId, after: 3 })
  applyResponse(follower, sentAt, response({ head: 5, entries: [entry(4), entry(5)] }))
  t.equal(entryCount(follower.index), 2)
  t.same(beginPoll(follower, at(20)).pollCursor, { feedId, after: 5 })
})

t.test('an answer that was given up on is ignored', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  abandonPoll(follower)
  t.equal(applyResponse(follower, sentAt, response({ head: 4, entries: [entry(4)] })), 'ignored')
  t.equal(follower.cursor, 3)
  t.notOk(mayDecide(follower, at(leaseMs)))
})

t.test('an answer to the poll before the outstanding one is ignored', async t => {
  const follower = following()
  const first = beginPoll(follower, at(10))
  const second = beginPoll(follower, at(10))
  t.equal(applyResponse(follower, first.sentAt, response()), 'ignored')
  t.equal(applyResponse(follower, second.sentAt, response()), 'applied')
})

t.test('a repeated answer is ignored', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  applyResponse(follower, sentAt, response())
  t.equal(applyResponse(follower, sentAt, response()), 'ignored')
})

t.test('no lease while there are further pages', async t => {
  const follower = createFollower()
  const first = beginPoll(follower, at(0))
  t.equal(applyResponse(follower, first.sentAt, response({ more: true, entries: [entry(1), entry(2)] })), 'applied')
  t.notOk(mayDecide(follower, at(1)))
  const second = beginPoll(follower, at(2))
  t.same(second.pollCursor, { feedId, after: 2 })
  applyResponse(follower, second.sentAt, response({ entries: [entry(3)] }))
  t.ok(mayDecide(follower, at(3)))
})

t.test('an empty page leaves the cursor where it was', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  applyResponse(follower, sentAt, response({ head: 9, more: true }))
  t.equal(follower.cursor, 3)
})

t.test('an answer without a lease leaves the lease as it was', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  applyResponse(follower, sentAt, response({ leaseMs: 0 }))
  t.ok(mayDecide(follower, at(leaseMs - 1)))
  t.notOk(mayDecide(follower, at(leaseMs)))
})

t.test('a shorter lease takes nothing from the monotonic one', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10))
  applyResponse(follower, sentAt, response({ leaseMs: 100 }))
  t.equal(follower.validUntil.nowMs, leaseMs)
})

const restarts = {
  'a guard begins anew when the feed is another': response({ feedId: 'feed-2', entries: [entry(4)] }),
  'a guard begins anew when the head is behind what it holds': response({ head: 2 }),
}
for (const [name, told] of Object.entries(restarts)) {
  t.test(name, async t => {
    const follower = following()
    const { sentAt } = beginPoll(follower, at(10))
    t.equal(applyResponse(follower, sentAt, told), 'restart')
    t.equal(follower.cursor, 3)
    t.notOk(mayDecide(follower, at(leaseMs)))
  })
}

t.test('a suspended machine does not decide: its monotonic clock stopped, the wall clock did not', async t => {
  const follower = following()
  t.notOk(mayDecide(follower, at(1, at(0).wallMs + leaseMs)))
})

t.test('a wall clock set back lengthens nothing', async t => {
  const follower = following()
  t.notOk(mayDecide(follower, at(leaseMs, 0)))
})

t.test('after the wall clock was set back, the new wall time limits the new lease', async t => {
  const follower = following()
  const { sentAt } = beginPoll(follower, at(10, 0))
  applyResponse(follower, sentAt, response())
  t.ok(mayDecide(follower, at(500, 490)))
  t.notOk(mayDecide(follower, at(500, leaseMs)))
})
