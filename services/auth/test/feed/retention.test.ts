/** How long revocations are kept while replicas with different lifetimes of tokens run side by side. */
import { until } from '@gatehouse/testkit'
import t from 'tap'
import { afterRestore } from '../../src/cli/afterRestore.ts'
import { revokeSessionBatch } from '../../src/store/revokeSessionBatch.ts'
import { auditRow } from '../../src/store/writeAudit.ts'
import { startReplica } from '../helpers/replicas.ts'
import { password, startService, type TestSession } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

t.test('revoke: an entry outlasts the tokens of another replica, which live longer', async t => {
  const service = await startService(t)
  const { database, call } = service
  const marginSeconds = 60
  const { call: callOther } = await startReplica(t, service, { ACCESS_TOKEN_SECONDS: '3600' })
  await until(async () => {
    const text = `SELECT retain_until > now() + interval '1 hour' AS "isLong" FROM database_heartbeat`
    return (await database.pool.query(text)).rows[0].isLong === true
  }, 'the other replica has sent a heartbeat')

  const { email } = await service.createUser()
  const login = async () => {
    const { body } = await callOther('/session', { body: { email, password, transport: 'body' } })
    return body as TestSession
  }
  const [alone, shared, changing] = [await login(), await login(), await login()]
  t.equal((await call('/session', { method: 'DELETE', body: { refreshToken: alone.refreshToken } })).status, 204)
  const audit = auditRow({ actor: null }, { action: 'session.revoked', target: shared.sessionId })
  const end = { sessionId: shared.sessionId, accountId: null, actorSid: null, endedAs: 'revoked' as const, audit }
  await revokeSessionBatch(database.rawSql, [end], 360_000)
  const passwords = { currentPassword: password, newPassword: 'another horse battery staple' }
  await login()
  const changed = await call('/me/password', { method: 'PUT', token: changing.accessToken, body: passwords })
  t.match(changed, { status: 200, body: { inForce: true, sessionsEnded: 1 } })

  const text = 'SELECT extract(epoch FROM expires_at)::float8 AS "keptUntil" FROM revocations ORDER BY seq'
  const { rows } = await database.pool.query<{ keptUntil: number }>(text)
  t.equal(rows.length, 3)
  const { exp } = claimsOf(changing.accessToken)
  for (const { keptUntil } of rows) t.ok(keptUntil >= exp + marginSeconds, 'the entry outlasts the token by the margin')
})

t.test('after-restore: its entry outlasts any token, whatever the environment of the command says', async t => {
  const { database } = await startService(t)
  await afterRestore(database, { confirm: 'end every session' }, {})
  const text = `SELECT expires_at > now() + interval '1 hour' AS "isLong" FROM revocations`
  t.strictSame((await database.pool.query(text)).rows, [{ isLong: true }])
})
