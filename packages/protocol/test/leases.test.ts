/** What a poll writes, and which guards block a revocation. */
import t from 'tap'
import { blocksRevocation, decidePoll, type FeedState, type GuardRow, type Poll } from '../src/index.ts'

const rules = { leaseMs: 1000, marginMs: 50, pageSize: 10 }
const feedId = 'feed-1'
const dbNowMs = 100_000
const wholeMs = dbNowMs + rules.leaseMs + rules.marginMs
const row: GuardRow = { feedId, cursor: 20, leaseUntilMs: dbNowMs + 500 }

function decide(poll: Poll, { previous = row, ...now }: Partial<FeedState> & { previous?: GuardRow | null } = {}) {
  return decidePoll(poll, previous, { feedId, head: 20, dbNowMs, rules, ...now })
}
function written(poll: Poll, more: Parameters<typeof decide>[1] = {}) {
  const decision = decide(poll, more)
  if (decision.kind !== 'write') throw new Error('the poll was refused')
  return decision
}

t.test('decidePoll: grants a whole lease, and the row gets the margin as well', async t => {
  t.same(written({ feedId, after: 20 }), {
    kind: 'write',
    isLeased: true,
    leaseMs: rules.leaseMs,
    row: { feedId, cursor: 20, leaseUntilMs: wholeMs },
  })
})

t.test('decidePoll: grants no lease to a first poll', async t => {
  const { isLeased, leaseMs, row: wrote } = written({}, { previous: null })
  t.same({ isLeased, leaseMs }, { isLeased: false, leaseMs: 0 })
  t.same(wrote, { feedId, cursor: 0, leaseUntilMs: dbNowMs })
})

t.test('decidePoll: does not restore the row of a guard that has left', async t => {
  t.same(decide({ feedId, after: 20 }, { previous: null }), { kind: 'feed-changed' })
})

const changed: Record<string, Poll> = {
  'decidePoll: refuses a cursor of another feed': { feedId: 'feed-2', after: 3 },
  'decidePoll: refuses a cursor without a feed': { after: 3 },
  'decidePoll: refuses a cursor ahead of the head': { feedId, after: 21 },
}
for (const [name, poll] of Object.entries(changed)) {
  t.test(name, async t => t.same(decide(poll), { kind: 'feed-changed' }))
}

t.test('decidePoll: does not shorten a lease when a poll executes late', async t => {
  const previous = { ...row, leaseUntilMs: wholeMs + 7 }
  t.equal(written({}, { previous }).row.leaseUntilMs, wholeMs + 7)
  t.equal(written({ feedId, after: 20 }, { previous }).row.leaseUntilMs, wholeMs + 7)
})

t.test('decidePoll: does not decrease the cursor when a poll executes late', async t => {
  t.equal(written({ feedId, after: 12 }).row.cursor, 20)
  t.equal(written({}).row.cursor, 20)
})

t.test('decidePoll: a row of another feed has no cursor, and keeps its lease', async t => {
  const previous = { ...row, feedId: 'feed-0' }
  t.same(decide({ feedId, after: 20 }, { previous }), { kind: 'feed-changed' })
  t.same(written({}, { previous }).row, { feedId, cursor: 0, leaseUntilMs: row.leaseUntilMs })
})

t.test('decidePoll: grants no lease to a guard that lacks more than a page', async t => {
  t.ok(written({ feedId, after: 20 }, { head: 30 }).isLeased)
  t.notOk(written({ feedId, after: 20 }, { head: 31 }).isLeased)
})

const capped = {
  'lease: is shortened by the age of the first missing entry': { agoMs: 30, leaseMs: 970 },
  'lease: is 0 when the first missing entry is one lease old': { agoMs: 1000, leaseMs: 0 },
  'lease: is 0 when the first missing entry is older': { agoMs: 5000, leaseMs: 0 },
  'lease: is not extended by a time stamp in the future': { agoMs: -40, leaseMs: 1000 },
  'lease: is rounded down': { agoMs: 30.5, leaseMs: 969 },
}
for (const [name, { agoMs, leaseMs }] of Object.entries(capped)) {
  t.test(name, async t => {
    const decision = written({ feedId, after: 20 }, { head: 21, behindSinceMs: dbNowMs - agoMs })
    t.equal(decision.leaseMs, leaseMs)
    t.equal(decision.isLeased, leaseMs > 0)
    t.equal(decision.row.leaseUntilMs, leaseMs > 0 ? dbNowMs + leaseMs + rules.marginMs : row.leaseUntilMs)
  })
}

const waits = {
  'blocksRevocation: is true for a guard with a lease and without the entry': {
    cursor: 4,
    leaseUntilMs: dbNowMs + 1,
    is: true,
  },
  'blocksRevocation: is false for a guard with the entry': { cursor: 5, leaseUntilMs: dbNowMs + 1, is: false },
  'blocksRevocation: is false for a guard whose lease has ended': { cursor: 4, leaseUntilMs: dbNowMs, is: false },
  'blocksRevocation: is true for a guard with a lease and a cursor of another feed': {
    feedId: 'feed-0',
    cursor: 5,
    leaseUntilMs: dbNowMs + 1,
    is: true,
  },
}
for (const [name, { is, ...guard }] of Object.entries(waits)) {
  t.test(name, async t => t.equal(blocksRevocation({ feedId, ...guard }, { feedId, seq: 5, dbNowMs }), is))
}
