/** Results of rounds: medians, ratios round by round, and their spread. */
import t from 'tap'
import { ratesOf } from '../src/load/interleaved.ts'
import { formatValue, tableOf } from '../src/printTable.ts'
import { comparison, figure, meanOf, quantile } from '../src/result.ts'

t.test('comparison: a machine that slows down for one round does not change the ratio', async t => {
  const rounds = [
    { value: 90, against: 100 },
    { value: 45, against: 50 },
    { value: 91, against: 100 },
  ]
  const { ratio, value, against, spread } = comparison({ name: 'name', what: 'what', unit: '1/s' }, rounds)
  t.equal(ratio, 0.9)
  t.equal(value, 90)
  t.equal(against, 100)
  t.ok(spread !== null && spread < 0.01)
})

t.test('ratesOf: counts as many blocks of one path as of the other', async t => {
  const slow = { sent: 90, ms: 100 }
  const fast = { sent: 100, ms: 100 }
  t.same(ratesOf([slow, fast, slow, fast]), { value: 900, against: 1000 })
  t.same(ratesOf([slow, fast, { sent: 1, ms: 1000 }]), { value: 900, against: 1000 })
})

t.test('meanOf: combines short rounds into their mean', async t => {
  const pairs = [
    { value: 1, against: 10 },
    { value: 3, against: 20 },
  ]
  t.same(meanOf(pairs), { value: 2, against: 15 })
})

t.test('figure: has no spread with one round', async t => {
  t.equal(figure({ name: 'name', what: 'what', unit: 'ms' }, [3]).spread, null)
})

t.test('quantile: interpolates between two values', async t => {
  t.equal(quantile([4, 1, 3, 2], 0.5), 2.5)
  t.equal(quantile([1, 2, 3, 4, 5], 0.99), 4.96)
})

t.test('formatValue: shows three significant digits', async t => {
  t.equal(formatValue(41_234, '1/s'), '41,200 1/s')
  t.equal(formatValue(0.0512, 'ms'), '0.051 ms')
  t.equal(formatValue(0, '%'), '0 %')
  const [head, row] = tableOf([figure({ name: 'name', what: 'what', unit: 'ms' }, [1, 3])]).split('\n')
  t.match(head, /^name +value +/)
  t.match(row, /^name +2\.00 ms +±50 % +what$/)
})
