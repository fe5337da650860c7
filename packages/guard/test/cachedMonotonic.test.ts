import { fakeClock } from '@gatehouse/testkit'
import t from 'tap'
import { cachedMonotonic } from '../src/cachedMonotonic.ts'

const wallMs = 1_700_000_000_000

/** A clock whose monotonic readings are counted. */
function counted() {
  const clock = fakeClock({ wallMs })
  const readings = { count: 0 }
  const nowMs = () => {
    readings.count += 1
    return clock.nowMs()
  }
  return { clock, readings, at: cachedMonotonic({ ...clock, nowMs }) }
}

t.test('all who ask in the same millisecond share a reading, and none is told too early a time', async t => {
  const { clock, readings, at } = counted()
  const told = Array.from({ length: 50 }, () => at(clock.wallMs()))
  t.equal(readings.count, 1)
  t.ok(told.every(ms => ms >= clock.nowMs() + 1 && ms <= clock.nowMs() + 2))
})

t.test('a wall clock that has moved, either way, asks for another reading', async t => {
  const { clock, readings, at } = counted()
  at(clock.wallMs())
  await clock.advance(4000)
  t.ok(at(clock.wallMs()) >= 4000)
  await clock.advance(3000)
  clock.suspend(-5000)
  t.ok(at(clock.wallMs()) >= 7000, 'also one that was set back')
  t.equal(readings.count, 3)
})

t.test('a wall clock that stands still is not believed for long', async t => {
  const { clock, at } = counted()
  for (let count = 0; count < 40; count += 1) at(wallMs)
  await clock.advance(6000)
  const told = Array.from({ length: 25 }, () => at(wallMs))
  t.ok((told.at(-1) ?? 0) >= 6000)
})
