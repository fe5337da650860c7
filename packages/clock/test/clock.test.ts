/** The system's clock: monotonic and wall time, and waits that can be ended. */
import { systemClock } from '@gatehouse/clock'
import t from 'tap'

t.test('monotonic time does not go back, and the wall clock is that of the machine', async t => {
  const [before, wallBefore] = [systemClock.nowMs(), Date.now()]
  await systemClock.sleep(1)
  t.ok(systemClock.nowMs() > before)
  const wallMs = systemClock.wallMs()
  t.ok(wallMs >= wallBefore && wallMs <= Date.now())
})

t.test('a wait lasts as long as was asked', async t => {
  const startMs = systemClock.nowMs()
  await systemClock.sleep(20)
  // Node's timers round to the millisecond.
  t.ok(systemClock.nowMs() - startMs >= 19)
})

t.test('a wait that is ended rejects with the reason it was given, at once', async t => {
  const stop = new AbortController()
  const reason = new Error('stopping')
  const waiting = systemClock.sleep(600_000, stop.signal)
  stop.abort(reason)
  await t.rejects(waiting, reason)
  await t.rejects(systemClock.sleep(600_000, stop.signal), reason, 'and so does one that begins after it')
  await t.rejects(systemClock.sleep(0, stop.signal), reason)
})

t.test('a wait that is over leaves no listener on its signal', async t => {
  const stop = new AbortController()
  const warnings: unknown[] = []
  const hear = (warning: unknown) => warnings.push(warning)
  process.on('warning', hear)
  for (let n = 0; n < 50; n += 1) await systemClock.sleep(0, stop.signal)
  process.off('warning', hear)
  t.same(warnings, [])
})
