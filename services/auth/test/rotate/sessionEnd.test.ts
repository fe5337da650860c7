/** Refused renewals: expired, ended and disabled sessions, lost commits, and requests without a token. */
import t from 'tap'
import { assertProblem, logOut, renew, startService, type TestSession } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

const lifetimes = {
  SESSION_SECONDS: '1000',
  SESSION_IDLE_SECONDS: '100',
  SHORT_SESSION_SECONDS: '500',
  SHORT_SESSION_IDLE_SECONDS: '50',
}

t.test('renew: session-expired after the idle or absolute lifetime; a renewal extends only the idle one', async t => {
  const service = await startService(t, lifetimes)
  const ada = await service.createUser()
  for (const { remember, idle, longest } of [
    { remember: true, idle: 100, longest: 1000 },
    { remember: false, idle: 50, longest: 500 },
  ]) {
    const idler = await service.login(ada, { remember })
    await service.ageSession(idler.sessionId, idle - 2)
    t.equal((await renew(service, idler.refreshToken)).status, 200)
    const stale = await service.login(ada, { remember })
    await service.ageSession(stale.sessionId, idle + 1)
    assertProblem(t, await renew(service, stale.refreshToken), 'session-expired')

    const busy = await service.login(ada, { remember })
    let { refreshToken } = busy
    for (let s = 0; s + idle - 5 < longest; s += idle - 5) {
      await service.ageSession(busy.sessionId, idle - 5)
      const renewed = await renew(service, refreshToken)
      t.equal(renewed.status, 200)
      refreshToken = (renewed.body as TestSession).refreshToken
    }
    await service.ageSession(busy.sessionId, idle - 5)
    assertProblem(t, await renew(service, refreshToken), 'session-expired')
  }
})

t.test('renew: a retry after the idle lifetime is answered session-expired, not as reuse', async t => {
  const service = await startService(t, lifetimes)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  await renew(service, refreshToken)
  await service.ageSession(sessionId, 101)
  assertProblem(t, await renew(service, refreshToken), 'session-expired')
})

t.test('renew: an old token of an ended session is answered session-ended, not as reuse', async t => {
  const service = await startService(t)
  const { refreshToken } = await service.login(await service.createUser())
  const { refreshToken: second } = (await renew(service, refreshToken)).body as TestSession
  const { refreshToken: third } = (await renew(service, second)).body as TestSession
  t.equal((await logOut(service, third)).status, 204)
  for (const old of [refreshToken, second, third]) assertProblem(t, await renew(service, old), 'session-ended')
  const rows = await service.query(`SELECT * FROM audit_entries WHERE action = 'session.reuse-detected'`)
  t.same(rows, [])
})

t.test('renew: a token newer than its row moves the row forward, and older tokens are then reuse', async t => {
  const service = await startService(t)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  const { pool } = service.database
  const lagging = (await pool.query('SELECT * FROM refresh_tokens')).rows[0]
  const { refreshToken: second } = (await renew(service, refreshToken)).body as TestSession
  const { refreshToken: third } = (await renew(service, second)).body as TestSession
  const loseCommits = () =>
    pool.query(
      'UPDATE refresh_tokens SET generation = $1, current_hash = $2, previous_hash = NULL, rotated_at = NULL',
      [lagging.generation, lagging.current_hash],
    )

  await loseCommits()
  const answers = await Promise.all([1, 2, 3].map(() => renew(service, third)))
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
  const successors = new Set(answers.map(({ body }) => (body as TestSession).refreshToken))
  t.equal(successors.size, 1, 'of concurrent requests one advances, the others are retries')
  const { rows } = await pool.query(`SELECT target, detail FROM audit_entries WHERE action = 'session.advance'`)
  t.match(rows, [{ target: sessionId, detail: { presentedGeneration: lagging.generation + 2 } }])

  await loseCommits()
  t.equal((await renew(service, refreshToken)).status, 200, 'a copy that was used before the loss renews once more')
  const [fourth = ''] = successors
  t.equal((await renew(service, fourth)).status, 200, 'the newest token goes on')
  assertProblem(t, await renew(service, second), 'refresh-reused')
  assertProblem(t, await renew(service, fourth), 'session-ended')
})

t.test('renew: a token newer than its row is refused when the session or the account has ended', async t => {
  const service = await startService(t)
  const { pool } = service.database
  const ahead = async () => {
    const ada = await service.createUser()
    const session = await service.login(ada)
    const { refreshToken } = (await renew(service, session.refreshToken)).body as TestSession
    await pool.query('UPDATE refresh_tokens SET generation = 0 WHERE session_id = $1', [session.sessionId])
    return { refreshToken, id: ada.id }
  }
  const disabled = await ahead()
  await pool.query('UPDATE accounts SET disabled_at = now() WHERE id = $1', [disabled.id])
  assertProblem(t, await renew(service, disabled.refreshToken), 'session-ended')
  const idle = await ahead()
  await pool.query('UPDATE refresh_tokens SET idle_expires_at = now() WHERE account_id = $1', [idle.id])
  assertProblem(t, await renew(service, idle.refreshToken), 'session-expired')
  const below = await ahead()
  await pool.query('UPDATE revocation_clock SET global_epoch = global_epoch + 1')
  assertProblem(t, await renew(service, below.refreshToken), 'session-ended')
})

t.test('renew: session-ended for a disabled account, a deleted account and a raised global epoch', async t => {
  const service = await startService(t)
  const { pool } = service.database
  for (const statement of [
    'UPDATE accounts SET disabled_at = now() WHERE id = $1',
    'DELETE FROM accounts WHERE id = $1',
    'UPDATE revocation_clock SET global_epoch = global_epoch + 1 WHERE $1::uuid IS NOT NULL',
  ]) {
    const ada = await service.createUser()
    const { refreshToken } = await service.login(ada)
    const { refreshToken: second } = (await renew(service, refreshToken)).body as TestSession
    await pool.query(statement, [ada.id])
    assertProblem(t, await renew(service, second), 'session-ended')
    assertProblem(t, await renew(service, refreshToken), 'session-ended')
  }
})

t.test('renew: refresh-missing without a token, refresh-invalid for anything else', async t => {
  const { call } = await startService(t)
  assertProblem(t, await call('/session/renew', { method: 'POST' }), 'refresh-missing')
  assertProblem(t, await call('/session/renew', { body: {} }), 'refresh-missing')
  for (const refreshToken of ['x', 'ghr_', 'ghr_AAAA', 'eyJhbGciOiJub25lIn0.e30.', 'é'.repeat(100)])
    assertProblem(t, await call('/session/renew', { body: { refreshToken } }), 'refresh-invalid')
  for (const refreshToken of ['', null, 5, ['x'], {}, 'x'.repeat(513)])
    assertProblem(t, await call('/session/renew', { body: { refreshToken } }), 'request-malformed')
})

t.test('renew: refuses a malformed Idempotency-Key before rotating', async t => {
  const { call, createUser, login } = await startService(t)
  const { refreshToken } = await login(await createUser())
  for (const key of ['short', 'x'.repeat(201), 'with space inside', 'caf\u00e9 au lait']) {
    const response = await call('/session/renew', { body: { refreshToken }, headers: { 'idempotency-key': key } })
    assertProblem(t, response, 'request-malformed')
    t.match(response.body, { fields: [{ field: 'headers/idempotency-key' }] })
  }
  t.equal((await call('/session/renew', { body: { refreshToken } })).status, 200)
})

t.test('renew: the new access token has the current roles and scopes', async t => {
  const service = await startService(t)
  const ada = await service.createUser({ roles: ['clerk'], scopes: ['storage:read'] })
  const { refreshToken } = await service.login(ada)
  await service.query(`UPDATE accounts SET roles = '{chief}', scopes = '{storage:restricted}' WHERE id = $1`, [ada.id])
  const { accessToken } = (await renew(service, refreshToken)).body as TestSession
  t.match(claimsOf(accessToken), { roles: ['chief'], scope: 'storage:restricted' })
})
