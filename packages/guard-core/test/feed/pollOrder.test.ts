/** The order of polls, responses and acknowledgements, with a feed that the test answers. */
import type { PollRequest, PollResponse } from '@gatehouse/contract'
import { hasLease } from '@gatehouse/protocol'
import { type FakeClock, fakeClock, startMs } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import type { FeedClient, PollResult } from '../../src/feed/feedClient.ts'
import { follow } from '../../src/feed/follow.ts'

const entry = { seq: 1, kind: 'session', subject: 'a', epoch: null, effect: 'ended', expiresAtMs: 9e15 } as const

function response(more: Partial<PollResponse> = {}): PollResult {
  const whole = { feedId: 'f1', head: 1, dbNowMs: startMs, maxToleranceMs: 5000, leaseMs: 15_000, entries: [entry] }
  return { kind: 'answered', response: { ...whole, more: false, ...more } }
}

interface PendingPoll {
  authUrl: string
  request: PollRequest
  answer: (result: PollResult) => void
}

/**
 * Starts a follower. `nextPoll` resolves with each poll in turn; `events` has the order of polls
 * and applied responses.
 */
function fixture(t: Test, { leaves = true }: { leaves?: boolean } = {}) {
  const clock = fakeClock({ wallMs: startMs })
  const events: string[] = []
  const left: string[] = []
  const isLeasedAtLeave: boolean[] = []
  const polls: PendingPoll[] = []
  const waiting: ((poll: PendingPoll) => void)[] = []
  const feed: FeedClient = {
    poll: (authUrl, request, signal) =>
      new Promise((resolve, reject) => {
        events.push('poll')
        signal.addEventListener('abort', () => reject(signal.reason))
        const poll = { authUrl, request, answer: resolve }
        const wake = waiting.shift()
        if (wake) wake(poll)
        else polls.push(poll)
      }),
    leave: async (authUrl, guard) => {
      left.push(`${authUrl} ${guard}`)
      isLeasedAtLeave.push(isLeased())
      return leaves
    },
  }
  const follower = follow({
    clock,
    feed,
    authUrls: ['one', 'two'],
    name: 'n',
    version: '1',
    openStreams: () => 0,
    random: () => 0,
    onApplied: () => events.push('applied'),
    onPolled: () => undefined,
  })
  const isLeased = () => hasLease(follower.identity().follower, { nowMs: clock.nowMs(), wallMs: clock.wallMs() })
  follower.start()
  t.teardown(() => follower.stop())
  const nextPoll = (): Promise<PendingPoll> => {
    const poll = polls.shift()
    return poll ? Promise.resolve(poll) : new Promise(resolve => waiting.push(resolve))
  }
  return { clock, events, left, isLeasedAtLeave, polls, follower, isLeased, nextPoll }
}

async function pauseStarted(clock: FakeClock): Promise<void> {
  while (clock.sleepers() === 0) await new Promise(setImmediate)
}

t.test('follow: acts on a response before the next poll acknowledges it', async t => {
  const { events, nextPoll } = fixture(t)
  ;(await nextPoll()).answer(response())
  const second = await nextPoll()
  t.same(events, ['poll', 'applied', 'poll'])
  t.match(second.request, { feedId: 'f1', after: 1 })
})

t.test('follow: after feed-changed it polls with a new id and without a cursor', async t => {
  const { nextPoll, follower } = fixture(t)
  ;(await nextPoll()).answer(response())
  const second = await nextPoll()
  second.answer({ kind: 'feed-changed' })
  const third = await nextPoll()
  t.not(third.request.guard, second.request.guard)
  t.equal(third.request.after, undefined)
  t.equal(follower.identity().guard, third.request.guard)
})

t.test('follow: after a response of another feed it polls with a new id and without a cursor', async t => {
  const { nextPoll, events } = fixture(t)
  ;(await nextPoll()).answer(response())
  const second = await nextPoll()
  second.answer(response({ feedId: 'f2' }))
  const third = await nextPoll()
  t.not(third.request.guard, second.request.guard)
  t.equal(third.request.after, undefined)
  t.same(events, ['poll', 'applied', 'poll', 'poll'])
})

t.test('follow: counts the lease from before the poll and the time from its response', async t => {
  const { clock, nextPoll, follower } = fixture(t)
  const first = await nextPoll()
  await clock.advance(3000)
  first.answer(response())
  await nextPoll()
  const { time, validUntil } = follower.identity().follower
  t.match(time, { dbNowMs: startMs, receivedAtMs: 3000 })
  t.same(validUntil, { nowMs: 15_000, wallMs: startMs + 15_000 })
})

t.test('follow: polls the next replica after a failure', async t => {
  const { nextPoll } = fixture(t)
  const first = await nextPoll()
  first.answer({ kind: 'failed', why: 'down' })
  t.not((await nextPoll()).authUrl, first.authUrl)
})

for (const result of [
  { kind: 'client-invalid' },
  { kind: 'settings-conflict', error: new Error('conflict') },
] as const) {
  t.test(`follow: waits five seconds after ${result.kind}`, async t => {
    const { clock, events, nextPoll } = fixture(t)
    ;(await nextPoll()).answer(result)
    await pauseStarted(clock)
    await clock.advance(4999)
    t.same(events, ['poll'])
    await clock.advance(1)
    t.same(events, ['poll', 'poll'])
  })
}

t.test('follow: slows down when a feed answers without entries and without holding', async t => {
  const { clock, events, nextPoll } = fixture(t)
  for (let count = 0; count < 4; count += 1) (await nextPoll()).answer(response({ entries: [] }))
  await pauseStarted(clock)
  await clock.advance(49)
  t.equal(events.filter(event => event === 'poll').length, 4)
  await clock.advance(1)
  t.equal(events.filter(event => event === 'poll').length, 5)
})

t.test('stop: leaves the feed under the current id, at each replica until one accepts', async t => {
  for (const leaves of [true, false]) {
    const { follower, left, nextPoll } = fixture(t, { leaves })
    const { request } = await nextPoll()
    await follower.stop()
    t.same(
      left.map(item => item.split(' ')[1]),
      leaves ? [request.guard] : [request.guard, request.guard],
    )
  }
})

t.test('stop: the lease has ended before the guard leaves, since no revocation waits for it any more', async t => {
  const { follower, isLeased, isLeasedAtLeave, nextPoll } = fixture(t)
  ;(await nextPoll()).answer(response())
  await nextPoll()
  t.equal(isLeased(), true)
  await follower.stop()
  t.same(isLeasedAtLeave, [false])
})
