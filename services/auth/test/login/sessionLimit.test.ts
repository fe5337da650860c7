/** The limit of active sessions per account: a log-in beyond it ends the oldest. */
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, logOut, password, renew, startService, type TestSession } from '../helpers/service.ts'
import { effectOf } from '../helpers/tokens.ts'

t.test('log-in: ends the oldest session beyond the limit, in the feed and in the audit log', async t => {
  const service = await startWithAdmin(t, { SESSIONS_PER_ACCOUNT: '2' })
  const ada = await service.createUser()
  const sessions: TestSession[] = []
  for (let count = 0; count < 4; count += 1) sessions.push(await service.login(ada))
  const [first, second, third, fourth] = sessions as [TestSession, TestSession, TestSession, TestSession]
  for (const { accessToken, refreshToken } of [first, second]) {
    t.equal(await effectOf(service, accessToken), 'ended', 'guards learn of it')
    assertProblem(t, await service.call('/me', { token: accessToken }), 'session-ended')
    assertProblem(t, await renew(service, refreshToken), 'session-ended')
  }
  for (const { accessToken } of [third, fourth])
    t.equal((await service.call('/me', { token: accessToken })).status, 200)
  const audit = await service.lastAudit('session.limit-exceeded')
  t.match(audit, { actor: ada.id, target: ada.id, outcome: 'done', detail: { sessionsEnded: 1 } })
  const receipt = await service.callAsAdmin(`/admin/revocations/${audit['seq']}`)
  t.match(receipt.body, { inForce: true, sessionsEnded: 1 })
  t.equal((await service.callAsAdmin('/me')).status, 200, 'other accounts keep their sessions')
})

t.test('log-in: expired and ended sessions do not count', async t => {
  const service = await startService(t, { SESSIONS_PER_ACCOUNT: '2' })
  const ada = await service.createUser()
  const expired = await service.login(ada)
  await service.ageSession(expired.sessionId, 40 * 24 * 3600)
  const kept = await service.login(ada)
  const ended = await service.login(ada)
  await logOut(service, ended.refreshToken)
  await service.login(ada)
  t.equal((await service.call('/me', { token: kept.accessToken })).status, 200)
})

t.test('log-in: of two concurrent log-ins on two replicas each ends one session, and the limit holds', async t => {
  const service = await startService(t, { SESSIONS_PER_ACCOUNT: '2' })
  const replica = await startReplica(t, service)
  const ada = await service.createUser()
  const old = [await service.login(ada), await service.login(ada)]
  // Log-ins take the same lock and pass; the two that end sessions wait for it.
  const lock = await holdLock(t, service, 'SELECT FROM accounts WHERE id = $1 FOR SHARE', [ada.id])
  const body = { email: ada.email, password, transport: 'body' }
  const begun = [service, replica].map(({ call }) => call('/session', { body }))
  await untilBlocked(service, 2)
  await lock.release()
  const fresh = (await Promise.all(begun)).map(({ body }) => body as TestSession)
  for (const { accessToken } of old)
    assertProblem(t, await service.call('/me', { token: accessToken }), 'session-ended')
  for (const { accessToken } of fresh) t.equal((await service.call('/me', { token: accessToken })).status, 200)
  const rows = await service.query(`SELECT count(*)::int AS entries FROM revocations WHERE kind = 'session'`)
  t.equal(rows[0].entries, 2, 'no session ended twice or too many')
})
