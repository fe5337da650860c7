/** Held polls: what ends a hold, and the order of write and read on which the lease rests. */
import { randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import { fakeClock, until } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import type { Value } from '../../src/database/rawSql.ts'
import { createPolls } from '../../src/feed/polls.ts'
import { sha256 } from '../../src/keys/hmac.ts'
import { appendEntries, testGuard } from '../helpers/feedGuard.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { startReplica } from '../helpers/replicas.ts'
import { guardSecret, logOut, startService, type TestService } from '../helpers/service.ts'

/** The maximum: an earlier response has another reason than the end of the hold. */
const longHoldMs = 6000
const long = { POLL_HOLD_MS: String(longHoldMs) }

async function beforeTheEnd<Answer>(t: Test, held: Promise<Answer>): Promise<Answer> {
  const startMs = systemClock.nowMs()
  const response = await held
  t.ok(systemClock.nowMs() - startMs < longHoldMs - 500, 'answered before the hold ends')
  return response
}
const limits = { leaseMs: 15_000, marginMs: 2000, pageSize: 2000, guardsPerClient: 1000, maxToleranceMs: 5000 }

async function endSomeSession(service: TestService): Promise<string> {
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  await service.call('/session', { method: 'DELETE', body: { refreshToken }, headers: { prefer: 'wait=0' } })
  return sessionId
}

t.test('held poll: answered when an entry is appended on any replica', async t => {
  const one = await startService(t, long)
  const other = await startReplica(t, one)
  const guards = [testGuard(one), testGuard({ ...one, call: other.call })]
  const cursors = await Promise.all(guards.map(({ start }) => start()))
  const held = guards.map(({ pollAccepted }, n) => pollAccepted(cursors[n]))
  const sessionId = await endSomeSession(one)
  for (const response of await beforeTheEnd(t, Promise.all(held)))
    t.match(response.entries, [{ kind: 'session', subject: sessionId }])

  // A log-out has a statement of its own; every other revocation is appended by another one.
  const ada = await one.createUser()
  const { sessionId: otherSession } = await one.login(ada)
  const { accessToken: token } = await one.login(ada)
  const heldAgain = guards.map(({ pollAccepted }, n) => {
    const { feedId = '', after = 0 } = cursors[n] ?? {}
    return pollAccepted({ feedId, after: after + 1 })
  })
  await one.call('/sessions?others=true', { method: 'DELETE', token, headers: { prefer: 'wait=0' } })
  for (const response of await beforeTheEnd(t, Promise.all(heldAgain)))
    t.match(response.entries, [{ kind: 'session', subject: otherSession }])
})

t.test('held poll: answered when the listening connection breaks, and later ones are woken as before', async t => {
  const service = await startService(t, long)
  const { start, pollAccepted } = testGuard(service)
  const { feedId, after } = await start()
  const held = pollAccepted({ feedId, after })
  const { pool } = service.database
  const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'gatehouse-listen'`
  t.equal((await pool.query(kill)).rowCount, 1)
  await appendEntries(service, 1)
  t.equal((await beforeTheEnd(t, held)).entries.length, 1)
  await appendEntries(service, 1)
  await pool.query(`NOTIFY gatehouse_feed`)
  t.equal((await pollAccepted({ feedId, after: after + 1 })).entries.length, 1)
})

/** Polls on a fake clock, without a listener for notifications. */
async function deaf(service: TestService, db = service.database.rawSql) {
  const clock = fakeClock({ wallMs: 1_800_000_000_000 })
  const polls = createPolls({ db, clock, limits, holdMs: 5000, onAcks: () => {} })
  const guard = randomUUID()
  const common = { guard, clientId: 'guards', secretHash: sha256(guardSecret), name: 'deaf', version: '1' }
  const response = (feedId: string | null, after: number | null, signal = new AbortController().signal) =>
    polls.answer({ ...common, feedId, after }, signal)
  const { feedId, head } = await response(null, null)
  await response(feedId, head)
  const hold = async (signal?: AbortSignal) => {
    const held = response(feedId, head, signal)
    await until(() => clock.sleepers() === 1, 'the poll is held')
    return { held }
  }
  return { clock, polls, response: (after: number) => response(feedId, after), hold, head, feedId, guard }
}

t.test('held poll: a lost notification delays an entry by the hold at most', async t => {
  const service = await startService(t)
  const { clock, response, head, hold } = await deaf(service)
  const { held } = await hold()
  await appendEntries(service, 1)
  await clock.advance(5000)
  t.match(await held, { head, entries: { length: 0 } }, 'it claims no more than what was read')
  t.match(await response(head), { head: head + 1, entries: [{ seq: head + 1 }] }, 'the next poll is not held')
})

t.test('held poll: answered with the lease when the hold ends without an entry', async t => {
  const service = await startService(t)
  const { clock, head, hold } = await deaf(service)
  const { held } = await hold()
  await clock.advance(4999)
  t.equal(clock.sleepers(), 1)
  await clock.advance(1)
  t.match(await held, { head, entries: { length: 0 }, leaseMs: 15_000, more: false })
})

t.test('held poll: a page that lacks entries carries no lease, and a page that ends at the head does', async t => {
  const service = await startService(t)
  for (const [surplus, expected] of [
    [1, { more: true, leaseMs: 0 }],
    [0, { more: false, leaseMs: 15_000 }],
  ] as const) {
    const { polls, hold } = await deaf(service)
    const { held } = await hold()
    await appendEntries(service, limits.pageSize + surplus)
    polls.wake()
    const { entries, ...answer } = await held
    t.equal(entries.length, limits.pageSize)
    t.match(answer, expected)
  }
})

t.test('dbNowMs: is the database time of the answer, after a hold less 2 % of its duration, never later', async t => {
  const service = await startService(t)
  const { clock, response, head, polls, hold } = await deaf(service)
  const timeOf = async () => {
    const rows = await service.query('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms')
    return rows[0].ms as number
  }
  const beforeMs = await timeOf()
  const { held } = await hold()
  const readByMs = await timeOf()
  await clock.advance(5000)
  const { dbNowMs, maxToleranceMs } = await held
  t.ok(dbNowMs >= Math.floor(beforeMs) + 4900)
  t.ok(dbNowMs <= readByMs + 4900)
  t.equal(maxToleranceMs, limits.maxToleranceMs)
  polls.close()
  t.ok((await response(head)).dbNowMs <= (await timeOf()))
})

t.test('held poll: reads again when an entry is appended after the read and before the hold', async t => {
  const service = await startService(t)
  const { rawSql } = service.database
  let afterRead = async () => {}
  const db: typeof rawSql = {
    ...rawSql,
    $queryRaw: async <Rows>(texts: TemplateStringsArray, ...values: Value[]) => {
      const rows = await rawSql.$queryRaw<Rows>(texts, ...values)
      if (texts.join('').includes('FROM revocations') && !texts.join('').includes('guards')) await afterRead()
      return rows
    },
  }
  const { clock, response, polls, head } = await deaf(service, db)
  afterRead = async () => {
    afterRead = async () => {}
    await appendEntries(service, 1)
    polls.wake()
  }
  const held = response(head)
  let isAnswered = false
  const answered = held.finally(() => {
    isAnswered = true
  })
  await until(() => isAnswered || clock.sleepers() > 0, 'the poll is answered, or held')
  t.ok(isAnswered, 'it is not held')
  t.match(await answered, { entries: [{ seq: head + 1 }] })
  polls.close()
})

t.test('poll: two polls with one id at the same time are each checked by their own credentials', async t => {
  const service = await startService(t)
  const { polls, guard, head, feedId } = await deaf(service)
  polls.close()
  const poll = { guard, clientId: 'guards', name: 'deaf', version: '1', feedId, after: head }
  const { signal } = new AbortController()
  for (let round = 0; round < 2; round += 1) {
    const secrets = round === 0 ? [guardSecret, 'wrong'] : ['wrong', guardSecret]
    const results = await Promise.allSettled(
      secrets.map(secret => polls.answer({ ...poll, secretHash: sha256(secret) }, signal)),
    )
    const statuses = results.map(({ status }) => status)
    t.strictSame(
      statuses,
      secrets.map(secret => (secret === 'wrong' ? 'rejected' : 'fulfilled')),
    )
  }
})

t.test('held poll: close answers held polls and holds no further ones', async t => {
  const service = await startService(t)
  const { clock, response, polls, head, hold } = await deaf(service)
  const { held } = await hold()
  polls.close()
  t.match(await held, { entries: { length: 0 } })
  t.match(await response(head), { entries: { length: 0 } })
  t.equal(clock.sleepers(), 0)
})

t.test('poll: after an answer with several entries, the next answer has those that come meanwhile', async t => {
  const service = await startService(t)
  const { clock, response, head } = await deaf(service)
  await appendEntries(service, 2)
  t.equal((await response(head)).entries.length, 2)
  await clock.advance(7)
  const next = response(head + 2)
  await until(() => clock.sleepers() === 1, 'entries are gathered')
  await appendEntries(service, 1)
  await clock.advance(7)
  t.match((await next).entries, [{ seq: head + 3 }], 'it has read afterwards')
  await until(() => clock.sleepers() === 0, 'nothing of it is left')
})

t.test('held poll: a disconnected guard is not held', async t => {
  const service = await startService(t)
  const { clock, hold } = await deaf(service)
  const gone = new AbortController()
  const { held } = await hold(gone.signal)
  gone.abort()
  await held
  t.equal(clock.sleepers(), 0)
})

t.test('poll: contains what was revoked while its row waited for a lock', async t => {
  const service = await startService(t, long)
  const guard = testGuard(service)
  const cursor = await guard.start()
  const row = await holdLock(t, service, 'SELECT * FROM guards WHERE id = $1 FOR UPDATE', [guard.id])
  const pending = guard.pollAccepted(cursor)
  await untilBlocked(service, 1)
  await appendEntries(service, 1)
  await row.release()
  t.equal((await pending).entries.length, 1)
})

t.test("poll: either the barrier sees the guard's row or the poll sees the entry", async t => {
  const service = await startService(t, { POLL_HOLD_MS: '50' })
  const guard = testGuard(service)
  let { feedId, after } = await guard.start()
  const ada = await service.createUser()
  for (let round = 0; round < 15; round += 1) {
    const { refreshToken, sessionId } = await service.login(ada)
    const loggedOut = logOut(service, refreshToken)
    let isOver = false
    loggedOut.then(() => {
      isOver = true
    })
    let isKnown = false
    while (!isOver) {
      const { entries, head } = await guard.pollAccepted({ feedId, after })
      const knewBefore = isKnown
      if (entries.some(({ subject }) => subject === sessionId)) isKnown = true
      if (isOver) t.ok(knewBefore || isKnown, 'in force, and the guard does not hold it')
      after = head
    }
    t.equal((await loggedOut).status, 204)
  }
})
