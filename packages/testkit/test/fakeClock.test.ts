/** The fake clock. */
import { fakeClock } from '@gatehouse/testkit'
import { test } from 'tap'

test('fakeClock: ends sleeps in order of their due times', async t => {
  const clock = fakeClock({ wallMs: 1_000 })
  const woken: string[] = []
  void clock.sleep(20).then(() => woken.push('late'))
  void clock.sleep(10).then(() => woken.push('early'))
  await clock.advance(9)
  t.same(woken, [])
  t.equal(clock.sleepers(), 2)
  await clock.advance(11)
  t.same(woken, ['early', 'late'])
  t.equal(clock.nowMs(), 20)
  t.equal(clock.wallMs(), 1_020)
})

test('fakeClock: ends a sleep that started during an advance', async t => {
  const clock = fakeClock({ wallMs: 0 })
  const wokenAtMs: number[] = []
  async function tick(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      await clock.sleep(5)
      wokenAtMs.push(clock.nowMs())
    }
  }
  const done = tick()
  await clock.advance(100)
  await done
  t.same(wokenAtMs, [5, 10, 15])
})

test('fakeClock: suspend advances the wall clock only', async t => {
  const clock = fakeClock({ wallMs: 50 })
  const sleeping = new AbortController()
  const sleep = clock.sleep(10, sleeping.signal)
  clock.suspend(3_600_000)
  t.equal(clock.nowMs(), 0)
  t.equal(clock.wallMs(), 3_600_050)
  t.equal(clock.sleepers(), 1)
  sleeping.abort(new Error('enough'))
  await t.rejects(sleep, { message: 'enough' })
  t.equal(clock.sleepers(), 0)
})

test('fakeClock: rejects a sleep with an aborted signal', async t => {
  const clock = fakeClock({ wallMs: 0 })
  await t.rejects(clock.sleep(10, AbortSignal.abort(new Error('over'))), { message: 'over' })
  t.equal(clock.sleepers(), 0)
  await clock.sleep(0)
})
