/** Acknowledgements of several guards share one write; a silent guard delays it only briefly. */
import { systemClock } from '@gatehouse/clock'
import { fakeClock, until } from '@gatehouse/testkit'
import t from 'tap'
import { createBatcher } from '../../src/database/batcher.ts'
import { createAckCoalescer } from '../../src/feed/ackCoalescer.ts'
import { testGuard } from '../helpers/feedGuard.ts'
import { startReplica } from '../helpers/replicas.ts'
import { startService } from '../helpers/service.ts'

function page(length: number, more = false) {
  const entries = Array.from({ length }, (_, index) => {
    return { seq: index + 1, kind: 'global', subject: null, epoch: 1, effect: 'ended', expiresAtMs: 0 } as const
  })
  return { entries, more }
}

function setUp() {
  const clock = fakeClock({ wallMs: 1_800_000_000_000 })
  const coalescer = createAckCoalescer(clock)
  const batches: string[][] = []
  const run = async (guards: string[]) => {
    batches.push(guards)
    return guards
  }
  const { add } = createBatcher({ clock: systemClock, run, maxItems: 100, ready: coalescer.whenAcked })
  const poll = (guard: string) => {
    coalescer.onPoll(guard)
    return add(guard)
  }
  return { clock, coalescer, batches, poll }
}

t.test('ack coalescer: one batch when the last answered guard polls again, without a wait', async t => {
  const { clock, coalescer, batches, poll } = setUp()
  for (const guard of ['a', 'b', 'c']) coalescer.onAnswered(guard, page(1))
  const first = [poll('a'), poll('b')]
  await until(() => clock.sleepers() === 1, 'the batch waits for the third')
  t.same(batches, [])
  await Promise.all([...first, poll('c')])
  t.same(batches, [['a', 'b', 'c']])
  await poll('d')
  t.same(batches, [['a', 'b', 'c'], ['d']], 'and then it waits for no guard')
  t.equal(clock.sleepers(), 0)
})

t.test('ack coalescer: waits briefly for a guard that does not poll again, and only once', async t => {
  const { clock, coalescer, batches, poll } = setUp()
  for (const guard of ['a', 'dead']) coalescer.onAnswered(guard, page(1))
  const first = poll('a')
  await until(() => clock.sleepers() === 1, 'the batch waits for the dead one')
  await clock.advance(4)
  await first
  await poll('b')
  t.same(batches, [['a'], ['b']])
})

t.test('ack coalescer: gathers for as long as a round with several entries took, up to 20 ms', async t => {
  for (const [entries, tookMs, gatherMs, more] of [
    [2, 6, 6, false],
    [2, 60, 20, false],
    [1, 6, 0, false],
    [2, 6, 0, true],
  ] as const) {
    const { clock, coalescer } = setUp()
    coalescer.onAnswered('a', page(entries, more))
    await clock.advance(tookMs)
    coalescer.onPoll('a')
    coalescer.onAcked()
    let isOver = false
    const gathered = coalescer.whenGathered().then(() => {
      isOver = true
    })
    if (gatherMs > 0) {
      await clock.advance(gatherMs - 1)
      t.notOk(isOver, `${gatherMs} ms have not passed`)
      await clock.advance(1)
    }
    await gathered
    await coalescer.whenGathered()
    t.equal(clock.sleepers(), 0, 'and waits for nothing afterwards')
  }
})

t.test('barrier: wakes immediately when a guard acknowledges to another replica', async t => {
  const one = await startService(t)
  const other = await startReplica(t, one)
  const guard = testGuard({ ...one, call: other.call })
  const { feedId, after } = await guard.start()
  let isOver = false
  const following = (async () => {
    for (let cursor = after; !isOver; ) cursor = (await guard.pollAccepted({ feedId, after: cursor })).head
  })()
  const ada = await one.createUser()
  const waits: number[] = []
  for (let round = 0; round < 6; round += 1) {
    const { accessToken: token, sessionId } = await one.login(ada)
    const { status, body } = await one.call(`/sessions/${sessionId}`, { method: 'DELETE', token })
    t.equal(status, 200)
    waits.push((body as { waitedMs: number }).waitedMs)
  }
  isOver = true
  const { accessToken: token, sessionId } = await one.login(ada)
  await one.call(`/sessions/${sessionId}`, { method: 'DELETE', token, headers: { prefer: 'wait=0' } })
  await following
  // Without the notification the barrier would read again only after 250 ms.
  t.ok(Math.min(...waits) < 200, `${waits} ms`)
})
