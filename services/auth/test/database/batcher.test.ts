/** Batches: what comes together is asked together, one batch after the other, and never by work begun before. */
import { setImmediate as turn } from 'node:timers/promises'
import { fakeClock } from '@gatehouse/testkit'
import t from 'tap'
import { createBatcher } from '../../src/database/batcher.ts'

/** Work that ends when it is told to. */
function work() {
  const begun: { items: string[]; end: (results?: Error) => void }[] = []
  const run = (items: string[]) =>
    new Promise<string[]>((resolve, reject) => {
      const end = (error?: Error) => (error ? reject(error) : resolve(items.map(item => item.toUpperCase())))
      begun.push({ items, end })
    })
  return { run, begun }
}

t.test('what is added in one turn is one batch, and each gets its own result', async t => {
  const { run, begun } = work()
  const batch = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 10 })
  const results = Promise.all(['a', 'b', 'c'].map(batch.add))
  await turn()
  t.same(
    begun.map(({ items }) => items),
    [['a', 'b', 'c']],
  )
  begun[0]?.end()
  t.same(await results, ['A', 'B', 'C'])
})

t.test(
  'what comes while a batch is under way is the next one, and what is too much for one is left for the one after',
  async t => {
    const { run, begun } = work()
    const batch = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 2 })
    const first = batch.add('a')
    await turn()
    const others = Promise.all(['b', 'c', 'd'].map(batch.add))
    await turn()
    t.same(
      begun.map(({ items }) => items),
      [['a']],
    )
    for (const items of [['b', 'c'], ['d']]) {
      begun.at(-1)?.end()
      await turn()
      await turn()
      t.same(begun.at(-1)?.items, items)
    }
    begun.at(-1)?.end()
    t.equal(await first, 'A')
    t.same(await others, ['B', 'C', 'D'])
  },
)

t.test('two of one key are never in one batch', async t => {
  const { run, begun } = work()
  const batch = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 10, keyOf: item => item })
  const results = Promise.all(['a', 'a', 'b'].map(batch.add))
  await turn()
  t.same(begun[0]?.items, ['a', 'b'])
  begun[0]?.end()
  await turn()
  await turn()
  t.same(begun[1]?.items, ['a'])
  begun[1]?.end()
  t.same(await results, ['A', 'A', 'B'])
})

t.test('work that fails fails its own batch, and the next one goes on', async t => {
  const { run, begun } = work()
  const batch = createBatcher({ run, clock: fakeClock({ wallMs: 0 }), maxItems: 1 })
  const first = t.rejects(batch.add('a'), { message: 'away' })
  const second = batch.add('b')
  await turn()
  begun[0]?.end(new Error('away'))
  await first
  await turn()
  begun[1]?.end()
  t.equal(await second, 'B')
})

t.test('work that hangs holds up those who wait for a moment only, and its end is no second turn', async t => {
  const { run, begun } = work()
  const clock = fakeClock({ wallMs: 0 })
  const batch = createBatcher({ run, clock, maxItems: 1 })
  const first = batch.add('a')
  await turn()
  t.equal(clock.sleepers(), 0, 'nobody waits, so nothing is watched')
  const others = Promise.all(['b', 'c'].map(batch.add))
  await clock.advance(19)
  await turn()
  t.equal(begun.length, 1)
  await clock.advance(1)
  await turn()
  t.equal(begun.length, 2)
  begun[0]?.end()
  t.equal(await first, 'A')
  await turn()
  t.equal(begun.length, 2, 'b has its turn')
  begun[1]?.end()
  await turn()
  await turn()
  begun[2]?.end()
  t.same(await others, ['B', 'C'])
})
