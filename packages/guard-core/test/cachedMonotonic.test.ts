/** The cached monotonic clock. */
import { fakeClock } from '@gatehouse/testkit'
import t from 'tap'
import { cachedMonotonic } from '../src/cachedMonotonic.ts'

const wallMs = 1_700_000_000_000

/** A clock that counts its monotonic readings. */
function counted() {
  const clock = fakeClock({ wallMs })
  const readings = { count: 0 }
  const nowMs = () => {
    readings.count += 1
    return clock.nowMs()
  }
  return { clock, readings, at: cachedMonotonic({ ...clock, nowMs }) }
}

t.test('cachedMonotonic: one reading serves a millisecond, and no value is too small', async t => {
  const { clock, readings, at } = counted()
  const values = Array.from({ length: 50 }, () => at(clock.wallMs()))
  t.equal(readings.count, 1)
  t.ok(values.every(ms => ms >= clock.nowMs() + 1 && ms <= clock.nowMs() + 2))
})

t.test('cachedMonotonic: reads again when the wall clock has changed in either direction', async t => {
  const { clock, readings, at } = counted()
  at(clock.wallMs())
  await clock.advance(4000)
  t.ok(at(clock.wallMs()) >= 4000)
  await clock.advance(3000)
  clock.suspend(-5000)
  t.ok(at(clock.wallMs()) >= 7000, 'after the wall clock was set back')
  t.equal(readings.count, 3)
})

t.test('cachedMonotonic: reads again after 64 uses when the wall clock does not change', async t => {
  const { clock, at } = counted()
  for (let count = 0; count < 40; count += 1) at(wallMs)
  await clock.advance(6000)
  const values = Array.from({ length: 25 }, () => at(wallMs))
  t.ok((values.at(-1) ?? 0) >= 6000)
})
