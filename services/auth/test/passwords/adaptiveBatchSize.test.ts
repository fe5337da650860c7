/** How many passwords a thread takes at a time: one of a few, and more of a flood. */
import t from 'tap'
import { adaptiveBatchSize } from '../../src/passwords/adaptiveBatchSize.ts'

t.test('of a flood each portion is twice the last one, up to the most', async t => {
  const next = adaptiveBatchSize(16)
  t.same(
    Array.from({ length: 7 }, () => next(100, 2)),
    [1, 2, 4, 8, 16, 16, 16],
  )
})

t.test('a few who come at once are taken one by one by the threads, and the next few again', async t => {
  const next = adaptiveBatchSize(16)
  for (const _again of [1, 2]) t.same([next(2, 2), next(1, 2)], [1, 1])
  t.equal(next(1, 1), 1)
})

t.test('what waits is shared among the threads', async t => {
  const next = adaptiveBatchSize(16)
  for (let n = 0; n < 5; n += 1) next(100, 2)
  t.equal(next(6, 2), 3)
  t.equal(next(3, 2), 2)
  t.equal(next(1, 2), 1)
  t.equal(next(100, 2), 1, 'once nobody waits, it begins anew')
})

t.test('one thread takes what there is', async t => {
  const next = adaptiveBatchSize(4)
  t.same([next(6, 1), next(5, 1), next(3, 1)], [1, 2, 3])
})
