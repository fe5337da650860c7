/** Batch size of password hashing: one job for a few log-ins, more in a flood. */
import t from 'tap'
import { adaptiveBatchSize } from '../../src/passwords/adaptiveBatchSize.ts'

t.test('adaptiveBatchSize: doubles while jobs remain queued, up to the maximum', async t => {
  const next = adaptiveBatchSize(16)
  t.same(
    Array.from({ length: 7 }, () => next(100, 2)),
    [1, 2, 4, 8, 16, 16, 16],
  )
})

t.test('adaptiveBatchSize: stays at one for a few concurrent jobs', async t => {
  const next = adaptiveBatchSize(16)
  for (const _again of [1, 2]) t.same([next(2, 2), next(1, 2)], [1, 1])
  t.equal(next(1, 1), 1)
})

t.test('adaptiveBatchSize: shares the queue among the threads', async t => {
  const next = adaptiveBatchSize(16)
  for (let n = 0; n < 5; n += 1) next(100, 2)
  t.equal(next(6, 2), 3)
  t.equal(next(3, 2), 2)
  t.equal(next(1, 2), 1)
  t.equal(next(100, 2), 1, 'starts again at one once the queue was empty')
})

t.test('adaptiveBatchSize: a single thread takes at most what is queued', async t => {
  const next = adaptiveBatchSize(4)
  t.same([next(6, 1), next(5, 1), next(3, 1)], [1, 2, 3])
})
