/** The barrier, on a fake clock: which guards it waits for, and what it returns. */
import { fakeClock, until } from '@gatehouse/testkit'
import t from 'tap'
import { createBarrier } from '../../src/revoke/barrier.ts'
import { type ReceiptsById, updateReceipts } from '../../src/revoke/guardReceipts.ts'
import type { LiveGuard, LiveGuards } from '../../src/store/guards.ts'

const startMs = 1_800_000_000_000

/** A table of guards on the fake clock, whose reads the test can delay. */
function setUp() {
  const clock = fakeClock({ wallMs: startMs })
  const guards = new Map<string, LiveGuard>()
  const errors: unknown[] = []
  const held: (() => void)[] = []
  const counters = { reads: 0, head: 10_000, historyChanges: 0 }
  const state = { ...counters, isHolding: false, isDown: false, feed: {} as Partial<LiveGuards> }

  /** The present rows of the table. */
  const snapshot = (): LiveGuards => ({
    guards: structuredClone([...guards.values()].filter(({ leaseUntilMs }) => leaseUntilMs > clock.wallMs())),
    ...feed,
    ...state.feed,
    head: state.head,
    dbNowMs: clock.wallMs(),
  })
  const read = async () => {
    state.reads += 1
    const isDown = state.isDown
    const seen = snapshot()
    if (state.isHolding) await new Promise<void>(resolve => held.push(resolve))
    if (isDown) throw new Error('the database is away')
    return seen
  }
  const put = (id: string, cursor: number, leaseLeftMs: number) => {
    const lastSeenMs = clock.wallMs()
    const acknowledgedAt = new Date(lastSeenMs).toISOString()
    const common = { name: `name of ${id}`, version: '1', openStreams: null, lastSeenMs, acknowledgedAt }
    guards.set(id, { ...common, id, feedId: 'feed', cursor, leaseUntilMs: clock.wallMs() + leaseLeftMs })
  }
  const onError = (error: unknown) => errors.push(error)
  const onHistoryChanged = () => {
    state.historyChanges += 1
  }
  const barrier = createBarrier({ read, clock, onError, onHistoryChanged })
  const release = () => {
    state.isHolding = false
    for (const resolve of held.splice(0)) resolve()
  }
  return { clock, guards, errors, state, put, barrier, release }
}

const patient = 60_000
const feed = { feedId: 'feed', isHistoryKnown: true, holdUntilMs: null }
const entry = (seq: number) => ({ seq, feedId: 'feed' })

/** A caller that waits for an entry which the guard lacks. */
async function setUpWaiting(guard: string, leaseLeftMs = 15_000) {
  const parts = setUp()
  parts.put(guard, 0, leaseLeftMs)
  const result = parts.barrier.wait(entry(1), patient)
  await until(() => parts.clock.sleepers() === 2, 'it sleeps')
  return { ...parts, result }
}

t.test('barrier: in force immediately without guards, or when all guards have the entry', async t => {
  const { barrier, put } = setUp()
  t.same(await barrier.wait(entry(5), patient), { inForce: true, waitedMs: 0, guards: [] })
  put('a', 5, 15_000)
  put('b', 9, 15_000)
  const { inForce, guards } = await barrier.wait(entry(5), patient)
  t.ok(inForce)
  t.match(guards, [
    { guard: 'a', name: 'name of a', acknowledgedAt: new Date(startMs).toISOString(), leaseEndedAt: null },
    { guard: 'b', leaseEndedAt: null },
  ])
})

t.test('barrier: ignores a read that began before the caller arrived', async t => {
  const { barrier, put, state, release, guards } = setUp()
  put('leaver', 0, 15_000)
  const first = barrier.wait(entry(1), patient)
  await until(() => state.reads === 1, 'the first read')
  guards.delete('leaver')
  state.isHolding = true
  barrier.wake()
  await until(() => state.reads === 2, 'the second read, which has seen that no guard is left')
  // While the result is on its way, a guard obtains a lease, and then the revocation 2 commits.
  put('late', 1, 15_000)
  let isOver = false
  const second = barrier.wait(entry(2), patient).then(result => {
    isOver = true
    return result
  })
  release()
  t.ok((await first).inForce)
  await until(() => state.reads >= 3, 'a read of its own')
  t.notOk(isOver, 'the read before it did not count')
  put('late', 2, 15_000)
  barrier.wake()
  t.match(await second, { inForce: true, guards: [{ guard: 'late', acknowledgedAt: /^20/ }] })
})

t.test('barrier: in force when the last guard acknowledges, without waiting for the next read', async t => {
  const { barrier, put, clock, state } = setUp()
  put('a', 0, 15_000)
  put('b', 0, 15_000)
  const result = barrier.wait(entry(1), patient)
  await until(() => clock.sleepers() === 2, 'it sleeps')
  await clock.advance(3)
  put('a', 1, 15_000)
  barrier.wake()
  await until(() => state.reads === 2 && clock.sleepers() === 2, 'it has looked, and sleeps again')
  await clock.advance(4)
  put('b', 1, 15_000)
  barrier.wake()
  t.match(await result, {
    inForce: true,
    waitedMs: 7,
    guards: [
      { guard: 'a', acknowledgedAt: new Date(startMs + 3).toISOString() },
      { guard: 'b', acknowledgedAt: new Date(startMs + 7).toISOString() },
    ],
  })
  t.equal(clock.sleepers(), 0, 'nothing of it is left')
})

t.test('barrier: reads again after a lost notification', async t => {
  const { put, clock, result } = await setUpWaiting('a')
  put('a', 1, 15_000)
  await clock.advance(250)
  t.match(await result, { inForce: true, waitedMs: 250 })
})

t.test('barrier: waits for the end of the lease of a silent guard, and records it', async t => {
  const { put, clock, result } = await setUpWaiting('dead', 12_345)
  put('well', 1, 15_000)
  await clock.advance(12_344)
  t.equal(clock.sleepers(), 2, 'waits until the last millisecond of the lease')
  await clock.advance(20)
  const { inForce, waitedMs, guards } = await result
  t.ok(inForce)
  t.ok(waitedMs >= 12_345 && waitedMs <= 12_360, `${waitedMs} ms`)
  t.match(guards, [
    { guard: 'dead', acknowledgedAt: null, leaseEndedAt: /^20/ },
    { guard: 'well', acknowledgedAt: /^20/, leaseEndedAt: null },
  ])
})

t.test('barrier: does not wait for a guard that leaves, and records no end of its lease', async t => {
  const { barrier, guards, result } = await setUpWaiting('leaver')
  guards.delete('leaver')
  barrier.wake()
  t.match(await result, { inForce: true, guards: [{ guard: 'leaver', acknowledgedAt: null, leaseEndedAt: null }] })
})

t.test('barrier: waits for a guard that appears during the wait without the entry', async t => {
  const { barrier, put, clock, state, result } = await setUpWaiting('first')
  put('first', 1, 15_000)
  put('joiner', 0, 15_000)
  barrier.wake()
  await until(() => state.reads === 2 && clock.sleepers() === 2, 'it sleeps again')
  put('joiner', 1, 15_000)
  barrier.wake()
  t.equal((await result).guards.length, 2)
})

t.test("barrier: a caller's time-out yields `inForce: false`, and other callers keep waiting", async t => {
  const { barrier, put, clock } = setUp()
  put('a', 0, 15_000)
  const patientOne = barrier.wait(entry(1), patient)
  const hurried = barrier.wait(entry(1), 2000)
  const atOnce = await Promise.race([barrier.wait(entry(1), 0), clock.advance(1).then(() => barrier.wait(entry(1), 0))])
  t.match(atOnce, { inForce: false })
  await clock.advance(2000)
  t.match(await hurried, { inForce: false, guards: [{ guard: 'a', acknowledgedAt: null, leaseEndedAt: null }] })
  put('a', 1, 15_000)
  barrier.wake()
  t.ok((await patientOne).inForce)
  await clock.advance(1000)
  t.equal(clock.sleepers(), 0)
})

t.test('barrier: a failed read is repeated and never counts as in force', async t => {
  const { put, clock, state, errors, result } = await setUpWaiting('a', 60_000)
  state.isDown = true
  await clock.advance(1000)
  t.ok(errors.length >= 3, `${errors.length} failed reads`)
  put('a', 1, 60_000)
  await clock.advance(1000)
  state.isDown = false
  await clock.advance(250)
  t.match(await result, { inForce: true })
  t.ok((await result).waitedMs >= 2000)
})

t.test('barrier: not in force while the head of the feed is below the entry', async t => {
  const { barrier, put, clock, state } = setUp()
  state.head = 4
  put('a', 9, 15_000)
  const result = barrier.wait(entry(5), 20_000)
  await until(() => clock.sleepers() === 2, 'it sleeps')
  await clock.advance(20_000)
  t.match(await result, { inForce: false })
})

t.test('barrier: a thousand concurrent callers share reads', async t => {
  const { barrier, put, clock, state } = setUp()
  put('a', 0, 15_000)
  const all = Array.from({ length: 1000 }, (_, n) => barrier.wait(entry(n + 1), patient))
  await until(() => clock.sleepers() === 1001, 'all wait')
  put('a', 1000, 15_000)
  barrier.wake()
  t.ok((await Promise.all(all)).every(({ inForce }) => inForce))
  t.ok(state.reads < 10, `${state.reads} reads`)
})

t.test('barrier: after a fail-over not in force before the history is known and the hold has ended', async t => {
  const { barrier, clock, state } = setUp()
  state.feed = { isHistoryKnown: false }
  const result = barrier.wait(entry(1), patient)
  await until(() => clock.sleepers() === 2, 'it sleeps')
  t.equal(state.historyChanges, 1, 'the history is compared at once')
  state.feed = { holdUntilMs: clock.wallMs() + 17_000 }
  await clock.advance(16_900)
  t.equal(clock.sleepers(), 2, 'it still waits')
  await clock.advance(100)
  t.match(await result, { inForce: true, waitedMs: 17_000 })
})

t.test('barrier: an entry of an earlier feed is unavailable, since the fail-over may have lost it', async t => {
  const { barrier, state, clock } = setUp()
  state.feed = { feedId: 'the next feed' }
  await t.rejects(barrier.wait(entry(1), patient), { code: 'unavailable' })
  t.equal(clock.sleepers(), 0)
  t.match(await barrier.wait({ seq: 1, feedId: null }, patient), { inForce: true }, 'the number is of the present feed')
})

t.test('receipts: keep the first acknowledgement, also when the guard dies afterwards', t => {
  const seen: ReceiptsById = new Map()
  const common = { id: 'a', feedId: 'feed', name: 'a', version: '1', openStreams: null }
  const guard = { ...common, leaseUntilMs: startMs + 10, lastSeenMs: startMs }
  const at = (dbNowMs: number, cursor: number, ackedMs: number) => ({
    ...feed,
    guards: [{ ...guard, cursor, acknowledgedAt: new Date(ackedMs).toISOString() }],
    head: 9,
    dbNowMs,
  })
  t.equal(updateReceipts(seen, at(startMs, 0, startMs), 1), 10, 'the lease that is waited for')
  t.equal(updateReceipts(seen, at(startMs + 1, 1, startMs + 1), 1), undefined)
  t.equal(updateReceipts(seen, at(startMs + 5, 7, startMs + 5), 1), undefined)
  t.equal(updateReceipts(seen, { ...feed, guards: [], head: 9, dbNowMs: startMs + 20 }, 1), undefined)
  const receipts = [...seen.values()].map(({ receipt }) => receipt)
  t.match(receipts, [{ acknowledgedAt: new Date(startMs + 1).toISOString(), leaseEndedAt: null }])
  t.end()
})
