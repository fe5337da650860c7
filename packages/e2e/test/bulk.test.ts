/** Thousands of revocations: memory of a guard, and the event-loop turns that apply them. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { entryCount } from '@gatehouse/protocol'
import t from 'tap'
import { pageSize, revocationIndexOf, startScriptedGuard } from '../src/scriptedFeed.ts'

setFlagsFromString('--expose_gc')
const collect: () => void = runInNewContext('gc')

t.test('revocation index: a million entries take less than 160 MB, in maps small enough to grow quickly', async t => {
  const entries = 1_000_000
  collect()
  const before = process.memoryUsage().heapUsed
  const memory = revocationIndexOf(entries)
  collect()
  const megabytes = (process.memoryUsage().heapUsed - before) / 1e6
  t.equal(entryCount(memory), entries)
  t.ok(megabytes < 160, `${megabytes.toFixed(0)} MB`)
  // A growing map blocks while it is copied, for about 100 ns per entry.
  const largest = Math.max(...[...memory.sessions.values()].map(({ size }) => size))
  t.ok(largest < 10_000, `the largest map has ${largest} entries`)
})

t.test('guard: applies at most one page per turn of the event loop', async t => {
  const { guard, publish, stop } = await startScriptedGuard()
  t.teardown(stop)
  const head = publish(5)
  const inTurns: number[] = []
  for (let known = 0; guard.state().cursor !== head; ) {
    await new Promise(resolve => setImmediate(resolve))
    const { entriesHeld: now } = guard.state()
    if (now > known) inTurns.push(now - known)
    known = now
  }
  t.strictSame(inTurns, Array(5).fill(pageSize))
  t.equal(guard.state().entriesHeld, head)
})
