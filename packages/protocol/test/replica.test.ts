/** What a poll writes, and whom a revocation waits for. */
import t from 'tap'
import { blocksRevocation, decidePoll, type FeedState, type GuardRow, type Poll } from '../src/index.ts'

const rules = { leaseMs: 1000, marginMs: 50, pageSize: 10 }
const feedId = 'feed-1'
const dbNowMs = 100_000
const wholeMs = dbNowMs + rules.leaseMs + rules.marginMs
const row: GuardRow = { cursor: 20, leaseUntilMs: dbNowMs + 500 }

function decide(poll: Poll, { previous = row, ...now }: Partial<FeedState> & { previous?: GuardRow | null } = {}) {
  return decidePoll(poll, previous, { feedId, head: 20, dbNowMs, rules, ...now })
}
function written(poll: Poll, more: Parameters<typeof decide>[1] = {}) {
  const decision = decide(poll, more)
  if (decision.kind !== 'write') throw new Error('the poll was refused')
  return decision
}

t.test('a guard that keeps up gets a whole lease, and the row a margin more', async t => {
  t.same(written({ feedId, after: 20 }), {
    kind: 'write',
    isLeased: true,
    leaseMs: rules.leaseMs,
    row: { cursor: 20, leaseUntilMs: wholeMs },
  })
})

t.test('a first poll gets no lease', async t => {
  const { isLeased, leaseMs, row: wrote } = written({}, { previous: null })
  t.same({ isLeased, leaseMs }, { isLeased: false, leaseMs: 0 })
  t.same(wrote, { cursor: 0, leaseUntilMs: dbNowMs })
})

t.test('a poll that is carried out after its guard has left does not bring the row back', async t => {
  t.same(decide({ feedId, after: 20 }, { previous: null }), { kind: 'feed-changed' })
})

const changed: Record<string, Poll> = {
  'a cursor of another feed is refused': { feedId: 'feed-2', after: 3 },
  'a cursor without a feed is refused': { after: 3 },
  'a cursor ahead of the head is refused': { feedId, after: 21 },
}
for (const [name, poll] of Object.entries(changed)) {
  t.test(name, async t => t.same(decide(poll), { kind: 'feed-changed' }))
}

t.test('a poll executed late never shortens a lease', async t => {
  const previous = { ...row, leaseUntilMs: wholeMs + 7 }
  t.equal(written({}, { previous }).row.leaseUntilMs, wholeMs + 7)
  t.equal(written({ feedId, after: 20 }, { previous }).row.leaseUntilMs, wholeMs + 7)
})

t.test('a poll executed late never takes back a cursor', async t => {
  t.equal(written({ feedId, after: 12 }).row.cursor, 20)
  t.equal(written({}).row.cursor, 20)
})

t.test('no lease for a guard that lacks more than a page', async t => {
  t.ok(written({ feedId, after: 20 }, { head: 30 }).isLeased)
  t.notOk(written({ feedId, after: 20 }, { head: 31 }).isLeased)
})

const capped = {
  'a guard that lacks an entry from just now loses only that of its lease': { agoMs: 30, leaseMs: 970 },
  'a guard that lacks an entry for a whole lease gets none': { agoMs: 1000, leaseMs: 0 },
  'a guard that lacks an entry for longer gets none': { agoMs: 5000, leaseMs: 0 },
  'a stamp ahead of the clock lengthens nothing': { agoMs: -40, leaseMs: 1000 },
  'a part of a millisecond is given to the barrier': { agoMs: 30.5, leaseMs: 969 },
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
  'a barrier waits for a guard that may decide without the entry': { cursor: 4, leaseUntilMs: dbNowMs + 1, is: true },
  'a barrier does not wait for a guard that holds the entry': { cursor: 5, leaseUntilMs: dbNowMs + 1, is: false },
  'a barrier does not wait for a guard whose lease has ended': { cursor: 4, leaseUntilMs: dbNowMs, is: false },
}
for (const [name, { is, ...guard }] of Object.entries(waits)) {
  t.test(name, async t => t.equal(blocksRevocation(guard, { seq: 5, dbNowMs }), is))
}
