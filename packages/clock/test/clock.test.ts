/** The system clock: monotonic time, wall-clock time and waits that can be aborted. */
import { systemClock } from '@gatehouse/clock'
import t from 'tap'

t.test('nowMs and wallMs: monotonic time advances, and the wall clock equals Date.now()', async t => {
  const [before, wallBefore] = [systemClock.nowMs(), Date.now()]
  await systemClock.sleep(1)
  t.ok(systemClock.nowMs() > before)
  const wallMs = systemClock.wallMs()
  t.ok(wallMs >= wallBefore && wallMs <= Date.now())
})

t.test('sleep: resolves after the given duration', async t => {
  const startMs = systemClock.nowMs()
  await systemClock.sleep(20)
  // Node rounds timers to the millisecond.
  t.ok(systemClock.nowMs() - startMs >= 19)
})

t.test('sleep: rejects at once with the reason of the signal when it aborts', async t => {
  const stop = new AbortController()
  const reason = new Error('stopping')
  const waiting = systemClock.sleep(600_000, stop.signal)
  stop.abort(reason)
  await t.rejects(waiting, reason)
  await t.rejects(systemClock.sleep(600_000, stop.signal), reason, 'also when the signal has aborted before')
  await t.rejects(systemClock.sleep(0, stop.signal), reason)
})

t.test('sleep: removes its listener from the signal when it ends', async t => {
  const stop = new AbortController()
  const warnings: unknown[] = []
  const record = (warning: unknown) => warnings.push(warning)
  process.on('warning', record)
  for (let n = 0; n < 50; n += 1) await systemClock.sleep(0, stop.signal)
  process.off('warning', record)
  t.same(warnings, [])
})
