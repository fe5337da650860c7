/** What the benchmark says of its rounds: medians, ratios round by round, and how far they lay apart. */
import t from 'tap'
import { ratesOf } from '../src/load/interleaved.ts'
import { shown, tableOf } from '../src/printTable.ts'
import { splitOf } from '../src/profile/splitProfile.ts'
import { comparison, figure, meanOf, quantile } from '../src/result.ts'

t.test('a machine that slows down for a round does not move a ratio', async t => {
  const rounds = [
    { value: 90, against: 100 },
    { value: 45, against: 50 },
    { value: 91, against: 100 },
  ]
  const { ratio, value, against, spread } = comparison({ name: 'it', what: 'so', unit: '1/s' }, rounds)
  t.equal(ratio, 0.9)
  t.equal(value, 90)
  t.equal(against, 100)
  t.ok(spread !== null && spread < 0.01)
})

t.test('what two paths made in turn is told of as many blocks of each', async t => {
  const slow = { asked: 90, ms: 100 }
  const fast = { asked: 100, ms: 100 }
  t.same(ratesOf([slow, fast, slow, fast]), { value: 900, against: 1000 })
  t.same(ratesOf([slow, fast, { asked: 1, ms: 1000 }]), { value: 900, against: 1000 })
})

t.test('a round of short ones stands for all of them', async t => {
  const pairs = [
    { value: 1, against: 10 },
    { value: 3, against: 20 },
  ]
  t.same(meanOf(pairs), { value: 2, against: 15 })
})

t.test('one round has no spread', async t => {
  t.equal(figure({ name: 'it', what: 'so', unit: 'ms' }, [3]).spread, null)
})

t.test('a quantile between two values lies between them in proportion', async t => {
  t.equal(quantile([4, 1, 3, 2], 0.5), 2.5)
  t.equal(quantile([1, 2, 3, 4, 5], 0.99), 4.96)
})

t.test('figures are shown with the digits that a measurement has', async t => {
  t.equal(shown(41_234, '1/s'), '41,200 1/s')
  t.equal(shown(0.0512, 'ms'), '0.051 ms')
  t.equal(shown(0, '%'), '0 %')
  const [head, row] = tableOf([figure({ name: 'it', what: 'so', unit: 'ms' }, [1, 3])]).split('\n')
  t.match(head, /^name +value +/)
  t.match(row, /^it +2\.00 ms +±50 % +so$/)
})

t.test('time belongs to the nearest caller that is known', async t => {
  const frame = (functionName: string, url = '') => ({ functionName, url })
  const nodes = [
    { id: 1, callFrame: frame('(root)'), children: [2, 5] },
    { id: 2, callFrame: frame('query', 'node_modules/pg/lib/client.js'), children: [3] },
    { id: 3, callFrame: frame('write', 'node:net'), children: [4] },
    { id: 4, callFrame: frame('writev') },
    { id: 5, callFrame: frame('(idle)') },
  ]
  const split = splitOf({ nodes, samples: [4, 5, 2], timeDeltas: [1000, 2000, 3000] }, [
    { name: 'pg', where: /\/pg\// },
  ])
  t.same(
    [...split],
    [
      ['pg', 4],
      ['idle', 2],
    ],
  )
})
