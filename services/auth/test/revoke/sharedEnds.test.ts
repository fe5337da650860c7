/** Ends of sessions that share a statement: each has its own answer, and none fails or delays another. */
import { systemClock } from '@gatehouse/clock'
import { type AccessTokenClaims, ProblemError } from '@gatehouse/contract'
import { pgProxy } from '@gatehouse/testkit'
import pg from 'pg'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import type { ActorContext } from '../../src/http/actorContext.ts'
import { checkCaller } from '../../src/http/authenticate.ts'
import { createRevocations } from '../../src/revoke/revoke.ts'
import { singleReads } from '../../src/store/callerReads.ts'
import { holdLock, holdRevocationClock, pauseWrites, untilBlocked } from '../helpers/locks.ts'
import { startService, type TestSession } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

const count = 12
const anonymous = { actor: null, reason: null, address: null, requestId: null }

type Sessions = [TestSession, TestSession, TestSession, TestSession, ...TestSession[]]

/** Calls the revocations without HTTP, so that all ends arrive in one turn of the event loop. */
async function startEnds(t: Test) {
  const service = await startService(t)
  const user = await service.createUser({ roles: ['admin'] })
  const login = (length = count) => Promise.all(Array.from({ length }, () => service.login(user))) as Promise<Sessions>
  const proxy = await pgProxy(t, service.database.url)
  const database = openDatabase({ url: proxy.url, connections: 8, timeoutMs: 5000, onError: () => undefined })
  t.teardown(() => database.close())
  await database.warmUp()
  const sizes: number[] = []
  const onBatch = (size: number) => void sizes.push(size)
  const revocations = createRevocations(database, { retentionMs: 360_000, clock: systemClock, onBatch })
  const logOut = ({ sessionId }: TestSession) =>
    revocations.endSessions({ kind: 'one', sessionId }, 'logged-out', anonymous)
  const endOwn = (actor: TestSession, { sessionId }: TestSession) =>
    revocations.endSessions({ kind: 'one', sessionId, accountId: user.id }, 'revoked', contextOf(actor))
  const endAsAdmin = (actor: TestSession, { sessionId }: TestSession) =>
    revocations.endSessions({ kind: 'one', sessionId }, 'revoked', contextOf(actor))
  const { query } = service
  /** Those of the sessions that are active. */
  const activeOf = async (sessions: TestSession[]) => {
    const text = `SELECT id FROM sessions JOIN refresh_tokens ON session_id = id WHERE ended_at IS NULL AND id = ANY ($1)`
    const ids = new Set((await query(text, [sessions.map(({ sessionId }) => sessionId)])).map(({ id }) => id))
    return sessions.filter(({ sessionId }) => ids.has(sessionId))
  }
  const entriesOf = (sessions: TestSession[]) =>
    query('SELECT seq::int, subject FROM revocations WHERE subject = ANY ($1) ORDER BY seq', [
      sessions.map(({ sessionId }) => sessionId),
    ])
  return { service, login, proxy, sizes, logOut, endOwn, endAsAdmin, query, activeOf, entriesOf }
}

function eachEnded(sessions: readonly TestSession[]) {
  return sessions.map(() => ({ sessionsEnded: 1 }))
}

/** The context of a request with the session's access token on a route of admins. */
function contextOf({ accessToken }: TestSession): ActorContext {
  const { sub: id, sid, ...claims } = claimsOf(accessToken) as unknown as AccessTokenClaims
  const readActor: ActorContext['readActor'] = async from => {
    const facts = await ('user' in from ? from : singleReads(from)).user({ id, sid, keyId: '' })
    const code = checkCaller(facts, claims)
    if (code !== undefined) throw new ProblemError(code, 'a test')
    const { roles = [], scopes = [] } = facts.account ?? {}
    if (!roles.includes('admin')) throw new ProblemError('insufficient-scope', 'a test')
    return { id, sid, roles, scopes, authAgeSeconds: 0 }
  }
  return { ...anonymous, actor: id, sid, readActor }
}

const ends = await startEnds(t)
const { service, proxy, sizes, logOut, endOwn, endAsAdmin, query, activeOf, entriesOf } = ends

t.beforeEach(() => {
  sizes.length = 0
})

t.test(`end session: ${count} ends in one turn take one statement, and each gets its entry and audit row`, async t => {
  const sessions = await ends.login()
  const [{ head }] = await query('SELECT head::int FROM revocation_clock')
  let notifications = 0
  const listener = new pg.Client({ connectionString: service.database.url })
  listener.on('notification', () => {
    notifications += 1
  })
  await listener.connect()
  t.teardown(() => listener.end())
  await listener.query('LISTEN gatehouse_feed')
  proxy.statements()
  const results = await Promise.all(sessions.map(logOut))
  t.equal(proxy.statements(), 1)
  t.same(sizes, [count])
  // PostgreSQL sends pending notifications before the result of a statement.
  await listener.query('SELECT 1')
  t.equal(notifications, 1)
  const expected = sessions.map(({ sessionId }, index) => ({ seq: head + index + 1, subject: sessionId }))
  const receipts = expected.map(entry => ({ ...entry, kind: 'session', effect: 'ended', sessionsEnded: 1 }))
  t.match(results, receipts)
  t.same(await entriesOf(sessions), expected)
  const audited = await query(
    `SELECT seq::int, target AS subject FROM audit_entries WHERE action = 'session.logged-out' AND seq > $1 ORDER BY id`,
    [head],
  )
  t.same(audited, expected)
  t.same(await activeOf(sessions), [])
})

t.test('end session: of two ends of one session in a batch, one ends it and the other gets the same entry', async t => {
  const sessions = await ends.login()
  const results = await Promise.all([...sessions, ...sessions].map(logOut))
  t.equal((await entriesOf(sessions)).length, count)
  for (const [index, { seq, sessionsEnded }] of results.entries()) {
    t.equal(sessionsEnded, index < count ? 1 : 0)
    t.ok(seq >= (results[index % count]?.seq ?? Number.POSITIVE_INFINITY), 'waits for that entry')
  }
})

t.test('end session: an actor whose session the same batch ends is refused', async t => {
  const sessions = await ends.login()
  for (const end of [endOwn, endAsAdmin]) {
    const [first, second, third, fourth] = sessions.splice(0, 4) as Sessions
    const refused = t.rejects(end(second, third), { code: 'session-ended' })
    t.match(await Promise.all([end(first, second), end(fourth, fourth)]), [{ sessionsEnded: 1 }, { sessionsEnded: 1 }])
    await refused
    // Its session is over now: it is refused in any batch.
    const later = t.rejects(end(second, third), { code: 'session-ended' })
    t.match(await end(first, fourth), { sessionsEnded: 0 })
    await later
    t.same(await activeOf([third]), [third])
    // Two that end each other: one of them succeeds.
    const results = await Promise.allSettled([end(first, third), end(third, first)])
    t.same(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  }
})

t.test('end session: an actor that loses its role while the batch waits is refused, the others are not', async t => {
  const sessions = await ends.login()
  const demoted = await service.createUser({ roles: ['admin'] })
  const actor = await service.login(demoted)
  const demote = `UPDATE accounts SET roles = '{}' WHERE id = '${demoted.id}'`
  const held = await holdLock(t, service, `${demote}; SELECT FROM revocation_clock FOR UPDATE`)
  const [own, first, ...others] = sessions as Sessions
  const refused = t.rejects(endAsAdmin(actor, first), { code: 'insufficient-scope' })
  const ended = Promise.all(others.map(session => endAsAdmin(own, session)))
  await untilBlocked(service, 1)
  await held.release()
  await refused
  t.match(await ended, eachEnded(others))
  t.same(sizes, [count - 1])
  t.same(await activeOf([...sessions, actor]), [own, first, actor])
})

t.test('end session: a locked row delays only its own session', async t => {
  const sessions = await ends.login()
  for (const end of [logOut, (session: TestSession) => endAsAdmin(sessions.at(-1) as TestSession, session)]) {
    const [locked, ...others] = sessions.splice(0, 4) as Sessions
    const lockRow = 'SELECT FROM refresh_tokens WHERE session_id = $1 FOR UPDATE'
    const held = await holdLock(t, service, lockRow, [locked.sessionId])
    const later = end(locked)
    t.match(await Promise.all(others.map(end)), eachEnded(others))
    t.same(await activeOf([locked]), [locked])
    await held.release()
    t.match(await later, { sessionsEnded: 1 })
  }
})

t.test('end session: an end that PostgreSQL refuses fails alone', async t => {
  for (const sqlState of ['P0001', '40001']) await endsBesideRefused(t, sqlState)
})

async function endsBesideRefused(t: Test, sqlState: string): Promise<void> {
  const sessions = await ends.login()
  const [bad, ...good] = sessions as Sessions
  await query(`
    CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'a test' USING ERRCODE = '${sqlState}'; END $$;
    CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON audit_entries FOR EACH ROW WHEN (NEW.target = '${bad.sessionId}')
      EXECUTE FUNCTION refuse()`)
  const refused = t.rejects(logOut(bad))
  t.match(await Promise.all(good.map(logOut)), eachEnded(good))
  await refused
  t.same(await activeOf(sessions), [bad], sqlState)
}

t.test('end session: a connection lost before the commit ends nothing, and the repeated ends succeed', async t => {
  const sessions = await ends.login()
  const actor = sessions.pop() as TestSession
  for (const end of [logOut, (session: TestSession) => endAsAdmin(actor, session)]) {
    const batch = sessions.splice(0, 5)
    const clock = await holdRevocationClock(t, service)
    const results = Promise.allSettled(batch.map(end))
    await untilBlocked(service, 1)
    await query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event_type = 'Lock'`)
    t.same(new Set((await results).map(({ status }) => status)), new Set(['rejected']))
    await clock.release()
    t.same(await activeOf(batch), batch)
    t.same(await entriesOf(batch), [])
    t.match(await Promise.all(batch.map(end)), eachEnded(batch))
  }
})

t.test('end session: ends that arrive while a statement runs form the next batch', async t => {
  const sessions = await ends.login()
  const [first, ...others] = sessions as Sessions
  const insert = await pauseWrites(t, service, 'INSERT ON revocations')
  const alone = logOut(first)
  await untilBlocked(service, 1)
  const together = Promise.all(others.map(logOut))
  await insert.release()
  const { seq: firstSeq } = await alone
  const distances = (await together).map(({ seq }, index) => seq - firstSeq - index)
  t.same(new Set(distances), new Set([1]))
  t.same(sizes, [1, count - 1])
})
