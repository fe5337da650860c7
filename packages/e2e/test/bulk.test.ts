/** Revocations by the thousand: what a guard's memory takes, and that applying them stops nobody. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { entryCount } from '@gatehouse/protocol'
import t from 'tap'
import { pageSize, revocationIndexOf, startScriptedGuard } from '../src/scriptedFeed.ts'

setFlagsFromString('--expose_gc')
const collect: () => void = runInNewContext('gc')

t.test('a million revocations fit into 160 MB, and no map of them is so large that its growth is noticed', async t => {
  const most = 1_000_000
  collect()
  const before = process.memoryUsage().heapUsed
  const memory = revocationIndexOf(most)
  collect()
  const megabytes = (process.memoryUsage().heapUsed - before) / 1e6
  t.equal(entryCount(memory), most)
  t.ok(megabytes < 160, `${megabytes.toFixed(0)} MB`)
  // A map that grows stands still while it is copied: some 100 ns an entry.
  const largest = Math.max(...[...memory.sessions.values()].map(({ size }) => size))
  t.ok(largest < 10_000, `the largest map has ${largest} entries`)
})

t.test('of ten thousand revocations told at once no turn of the event loop applies more than a page', async t => {
  const { guard, tell, stop } = await startScriptedGuard()
  t.teardown(stop)
  const head = tell(5)
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
