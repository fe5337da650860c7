/** The batcher: concurrent items share a batch, batches run one after another, and no item joins a running batch. */
import { setImmediate as turn } from 'node:timers/promises'
import { fakeClock } from '@gatehouse/testkit'
import t from 'tap'
import { createBatcher } from '../../src/database/batcher.ts'

const itemsOf = ({ items }: { items: string[] }) => items

/** A `run` function whose batches end when the test calls `end`. */
function controlledRun() {
  const batches: { items: string[]; end: (results?: Error) => void }[] = []
  const run = (items: string[]) =>
    new Promise<string[]>((resolve, reject) => {
      const end = (error?: Error) => (error ? reject(error) : resolve(items.map(item => item.toUpperCase())))
      batches.push({ items, end })
    })
  return { run, batches }
}

t.test('batcher: items of one turn of the event loop form one batch, and each gets its own result', async t => {
  const { run, batches } = controlledRun()
  const batch = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 10 })
  const results = Promise.all(['a', 'b', 'c'].map(batch.add))
  await turn()
  t.same(batches[0]?.items, ['a', 'b', 'c'])
  batches[0]?.end()
  t.same(await results, ['A', 'B', 'C'])
})

t.test('batcher: beyond the limit of waiting items, an item is refused at once', async t => {
  const { run, batches } = controlledRun()
  const batch = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 1, maxWaiting: 2 })
  const first = batch.add('a')
  await turn()
  const waiting = [batch.add('b'), batch.add('c')]
  await t.rejects(batch.add('d'), { code: 'overloaded' })
  for (let index = 0; index < 3; index += 1) {
    batches[index]?.end()
    await turn()
    await turn()
  }
  t.same(await Promise.all([first, ...waiting]), ['A', 'B', 'C'], 'the others are served')
})

t.test('batcher: every queue has a limit', async t => {
  const { run } = controlledRun()
  const { add } = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 1 })
  for (let index = 0; index < 10_000; index += 1) void add('a')
  await t.rejects(add('b'), { code: 'overloaded' })
})

t.test('batcher: items that arrive during a batch form the next, those above the maximum the one after', async t => {
  const { run, batches } = controlledRun()
  const batch = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 2 })
  const first = batch.add('a')
  await turn()
  const rest = Promise.all(['b', 'c', 'd'].map(batch.add))
  await turn()
  t.same(batches.map(itemsOf), [['a']])
  for (const items of [['b', 'c'], ['d']]) {
    batches.at(-1)?.end()
    await turn()
    await turn()
    t.same(batches.at(-1)?.items, items)
  }
  batches.at(-1)?.end()
  t.equal(await first, 'A')
  t.same(await rest, ['B', 'C', 'D'])
})

t.test('batcher: two items with the same key never share a batch', async t => {
  const { run, batches } = controlledRun()
  const batch = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 10, keyOf: item => item })
  const results = Promise.all(['a', 'a', 'b'].map(batch.add))
  await turn()
  t.same(batches[0]?.items, ['a', 'b'])
  batches[0]?.end()
  await turn()
  await turn()
  t.same(batches[1]?.items, ['a'])
  batches[1]?.end()
  t.same(await results, ['A', 'A', 'B'])
})

t.test('batcher: an error rejects its own batch, and the next batch runs', async t => {
  const { run, batches } = controlledRun()
  const batch = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 1 })
  const first = t.rejects(batch.add('a'), { message: 'away' })
  const second = batch.add('b')
  await turn()
  batches[0]?.end(new Error('away'))
  await first
  await turn()
  batches[1]?.end()
  t.equal(await second, 'B')
})

t.test('batcher: a batch that hangs delays the queue for 20 ms only, and its end starts no second batch', async t => {
  const { run, batches } = controlledRun()
  const clock = fakeClock({ wallMs: 0 })
  const batch = createBatcher({ run, clock, maxItems: 1 })
  const first = batch.add('a')
  await turn()
  t.equal(clock.sleepers(), 0, 'no item waits, so no timer runs')
  const rest = Promise.all(['b', 'c'].map(batch.add))
  await clock.advance(19)
  await turn()
  t.equal(batches.length, 1)
  await clock.advance(1)
  await turn()
  t.equal(batches.length, 2)
  batches[0]?.end()
  t.equal(await first, 'A')
  await turn()
  t.equal(batches.length, 2, 'the batch of b is running')
  batches[1]?.end()
  await turn()
  await turn()
  batches[2]?.end()
  t.same(await rest, ['B', 'C'])
})
