/** The statement that writes polls decides like `decidePoll`, which the model checks. */

import { randomUUID } from 'node:crypto'
import { decidePoll, type GuardRow, type LeaseRules } from '@gatehouse/protocol'
import { type Random, randomOf, testSeed } from '@gatehouse/testkit'
import t from 'tap'
import { sha256 } from '../../src/keys/hmac.ts'
import { type PollRow, writePolls } from '../../src/store/writePolls.ts'
import { guardSecret, startService, type TestService } from '../helpers/service.ts'

const rules: LeaseRules = { leaseMs: 15_000, marginMs: 2000, pageSize: 10 }
const otherFeed = randomUUID()

/** One guard's row before the poll, and its poll. */
interface Case {
  poll: PollRow
  row: (Omit<GuardRow, 'leaseUntilMs'> & { leaseLeftMs: number }) | null
}

interface Feed {
  feedId: string
  head: number
  /** The age of each live entry by its number; missing entries have been deleted. */
  ages: Map<number, number>
}

function pollOf(feedId: string | null, after: number | null): PollRow {
  const client = { clientId: 'guards', secretHash: sha256(guardSecret), name: 'test', version: '1' }
  return { ...client, guard: randomUUID(), feedId, after }
}

/** In the order in which replicas lock the rows. */
function inOrder(polls: PollRow[]): PollRow[] {
  return polls.toSorted((one, other) => (one.guard < other.guard ? -1 : 1))
}

async function feedIdOf({ query }: TestService): Promise<string> {
  return (await query('SELECT feed_id FROM revocation_clock'))[0].feed_id
}

async function putFeed({ query }: TestService, { head, ages }: Feed): Promise<void> {
  await query('UPDATE revocation_clock SET head = $1', [head])
  await query('DELETE FROM revocations')
  await query(
    `INSERT INTO revocations (seq, kind, subject, effect, expires_at, created_at)
     SELECT seq, 'session', gen_random_uuid(), 'ended', now() + interval '1 hour', clock_timestamp() - age * interval '1 ms'
       FROM unnest($1::bigint[], $2::int[]) AS entry (seq, age)`,
    [[...ages.keys()], [...ages.values()]],
  )
}

async function putGuards({ query }: TestService, cases: Case[]): Promise<void> {
  await query('DELETE FROM guards')
  const rows = cases.flatMap(({ row, poll }) => (row ? [{ ...row, id: poll.guard }] : []))
  await query(
    `INSERT INTO guards (id, client_id, name, version, feed_id, cursor, lease_until, last_seen_at)
     SELECT id, 'guards', 'test', '1', feed, cursor, now() + lease_left * interval '1 ms', now()
       FROM unnest($1::uuid[], $2::bigint[], $3::int[], $4::uuid[]) AS row (id, cursor, lease_left, feed)`,
    (['id', 'cursor', 'leaseLeftMs', 'feedId'] as const).map(column => rows.map(row => row[column])),
  )
}

type Stored = GuardRow & { seenMs: number }

/** The creation time of each live entry, in milliseconds since 1970. */
async function readEntries({ query }: TestService): Promise<[seq: number, madeMs: number][]> {
  const rows = await query(
    'SELECT seq::int, extract(epoch FROM created_at)::float8 * 1000 AS "madeMs" FROM revocations ORDER BY seq',
  )
  return rows.map(({ seq, madeMs }) => [seq, madeMs])
}

async function readGuards({ query }: TestService): Promise<Map<string, Stored>> {
  const rows = await query(
    `SELECT id, feed_id AS "feedId", cursor::int, extract(epoch FROM lease_until)::float8 * 1000 AS "leaseUntilMs",
            extract(epoch FROM last_seen_at)::float8 * 1000 AS "seenMs" FROM guards`,
  )
  return new Map(rows.map(({ id, ...row }) => [id, row]))
}

function randomFeed({ upTo, pick }: Random, feedId: string): Feed {
  const head = upTo(25)
  const ages = new Map<number, number>()
  const oldest = upTo(head)
  let age = pick([100, 5000, 14_000, 20_000, 60_000])
  for (let seq = oldest + 1; seq <= head; seq += 1) {
    ages.set(seq, age)
    age = Math.max(0, age - upTo(3000))
  }
  return { feedId, head, ages }
}

function randomCase({ upTo, pick }: Random, { feedId, head }: Feed): Case {
  const asksFromStart = upTo(5) === 0
  const after = asksFromStart ? null : pick([head, head, upTo(head), Math.max(0, head - 1), head + upTo(2)])
  const row = {
    feedId: pick([feedId, feedId, feedId, otherFeed]),
    cursor: upTo(head),
    leaseLeftMs: pick([-5000, 0, 3000, 15_000, 17_000, 40_000]),
  }
  const poll = pollOf(asksFromStart ? null : pick([feedId, feedId, feedId, otherFeed]), after)
  return { poll, row: upTo(3) === 0 ? null : row }
}

t.test(`poll: 400 random polls are written as decidePoll decides (SEED=${testSeed})`, async t => {
  const service = await startService(t)
  const feedId = await feedIdOf(service)
  const random = randomOf(testSeed, 'a test')
  let leased = 0
  let refused = 0
  for (let batch = 0; batch < 20; batch += 1) {
    const feed = randomFeed(random, feedId)
    const cases = Array.from({ length: 20 }, () => randomCase(random, feed))
    await putFeed(service, feed)
    await putGuards(service, cases)
    const before = await readGuards(service)
    const entries = await readEntries(service)
    const polls = inOrder(cases.map(({ poll }) => poll))
    const verdicts = await writePolls(service.database.rawSql, polls, { ...rules, guardsPerClient: 1000 })
    const after = await readGuards(service)

    for (const { poll, row } of cases) {
      const stored = after.get(poll.guard)
      const verdict = verdicts.get(poll.guard)
      const dbNowMs = stored?.seenMs ?? 0
      const behindSinceMs = entries.find(([seq]) => seq > (poll.after ?? Number.POSITIVE_INFINITY))?.[1]
      // Within a millisecond of the end of a lease the two roundings may decide differently.
      if (behindSinceMs !== undefined && isNear(dbNowMs - behindSinceMs, rules.leaseMs)) continue
      const decision = decidePoll(
        { feedId: poll.feedId ?? undefined, after: poll.after ?? undefined },
        before.get(poll.guard) ?? null,
        { feedId: feed.feedId, head: feed.head, dbNowMs, rules, behindSinceMs },
      )
      const ages = [...feed.ages]
      const about = JSON.stringify({ seed: testSeed, poll: { ...poll, secretHash: 0 }, row, head: feed.head, ages })
      if (decision.kind === 'feed-changed') {
        refused += 1
        t.equal(verdict?.refused, 'feed-changed', about)
        t.same(stored, before.get(poll.guard), about)
        continue
      }
      const { cursor, leaseUntilMs, feedId } = decision.row
      const leastMs = Math.max(leaseUntilMs, dbNowMs)
      t.match(stored, { cursor, feedId }, about)
      t.ok(isNear(Math.max(stored?.leaseUntilMs ?? 0, dbNowMs), leastMs), about)
      t.equal(verdict?.refused, null, about)
      t.ok(isNear(verdict?.leaseMs ?? -1, decision.leaseMs), about)
      if (decision.isLeased) leased += 1
    }
  }
  t.ok(leased > 50 && refused > 20, `${leased} leases, ${refused} refusals: both were met often enough`)
})

/** Times are stored in milliseconds and compared in microseconds. */
function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) <= 2
}

t.test('poll: a guard that lacks a page of entries gets a lease, and one that lacks more does not', async t => {
  const service = await startService(t)
  const feedId = await feedIdOf(service)
  const head = rules.pageSize + 1
  await putFeed(service, { feedId, head, ages: new Map(Array.from({ length: head }, (_, index) => [index + 1, 0])) })
  const polls = [0, 1].map(after => pollOf(feedId, after))
  const cases = polls.map(poll => ({ poll, row: { feedId, cursor: 0, leaseLeftMs: 0 } }))
  await putGuards(service, cases)
  const results = await writePolls(service.database.rawSql, inOrder(polls), { ...rules, guardsPerClient: 10 })
  const isLeased = polls.map(({ guard }) => (results.get(guard)?.leaseMs ?? 0) > 0)
  t.same(isLeased, [false, true])
})

t.test('poll: a client at its limit of guards gets no further guard, also within one batch', async t => {
  const service = await startService(t)
  const refusedOf = async (count: number) => {
    const polls = Array.from({ length: count }, () => pollOf(null, null))
    const verdicts = await writePolls(service.database.rawSql, polls, { ...rules, guardsPerClient: 3 })
    return [...verdicts.values()].map(({ refused }) => refused)
  }
  t.same(await refusedOf(1), [null])
  t.same((await refusedOf(4)).sort(), [null, null, 'too-many', 'too-many'].sort())
  t.same(await refusedOf(4), Array(4).fill('too-many'))
  const rows = await service.query('SELECT count(*)::int AS guards FROM guards')
  t.equal(rows[0].guards, 3)
})
