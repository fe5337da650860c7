/** The ends of a session as renewal tells them: expired, ended, cut off, restored from a backup; and requests without a token. */
import t from 'tap'
import { type HttpResponse, isRefusal, type Session, type Stage, stage } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

function renew({ call }: Pick<Stage, 'call'>, refreshToken: string): Promise<HttpResponse> {
  return call('/session/renew', { body: { refreshToken } })
}

const lifetimes = {
  SESSION_SECONDS: '1000',
  SESSION_IDLE_SECONDS: '100',
  SHORT_SESSION_SECONDS: '500',
  SHORT_SESSION_IDLE_SECONDS: '50',
}

t.test('a session that idles, or reaches its absolute end, has expired; renewal moves only the idle end', async t => {
  const place = await stage(t, lifetimes)
  const ada = await place.person()
  for (const { remember, idle, longest } of [
    { remember: true, idle: 100, longest: 1000 },
    { remember: false, idle: 50, longest: 500 },
  ]) {
    const idler = await place.login(ada, { remember })
    await place.age(idler.sessionId, idle - 2)
    t.equal((await renew(place, idler.refreshToken)).status, 200)
    const stale = await place.login(ada, { remember })
    await place.age(stale.sessionId, idle + 1)
    isRefusal(t, await renew(place, stale.refreshToken), 'session-expired')

    const busy = await place.login(ada, { remember })
    let { refreshToken } = busy
    for (let s = 0; s + idle - 5 < longest; s += idle - 5) {
      await place.age(busy.sessionId, idle - 5)
      const renewed = await renew(place, refreshToken)
      t.equal(renewed.status, 200)
      refreshToken = (renewed.body as Session).refreshToken
    }
    await place.age(busy.sessionId, idle - 5)
    isRefusal(t, await renew(place, refreshToken), 'session-expired')
  }
})

t.test('a retry of the last renewal before the idle end is not a theft but an expiry', async t => {
  const place = await stage(t, lifetimes)
  const { refreshToken, sessionId } = await place.login(await place.person())
  await renew(place, refreshToken)
  await place.age(sessionId, 101)
  isRefusal(t, await renew(place, refreshToken), 'session-expired')
})

t.test('an old token of a session that has already ended is no theft', async t => {
  const place = await stage(t)
  const { refreshToken } = await place.login(await place.person())
  const { refreshToken: second } = (await renew(place, refreshToken)).body as Session
  const { refreshToken: third } = (await renew(place, second)).body as Session
  t.equal((await place.call('/session', { method: 'DELETE', body: { refreshToken: third } })).status, 204)
  for (const old of [refreshToken, second, third]) isRefusal(t, await renew(place, old), 'session-ended')
  const { rows } = await place.database.pool.query(
    `SELECT * FROM audit_entries WHERE action = 'session.reuse-detected'`,
  )
  t.same(rows, [])
})

t.test('a token ahead of its row, as after a backup was restored, calls nobody a thief', async t => {
  const place = await stage(t)
  const { refreshToken, sessionId } = await place.login(await place.person())
  const restored = (await place.database.pool.query('SELECT * FROM refresh_tokens')).rows[0]
  const { refreshToken: second } = (await renew(place, refreshToken)).body as Session
  const { refreshToken: third } = (await renew(place, second)).body as Session
  await place.database.pool.query(
    `UPDATE refresh_tokens SET generation = 0, current_hash = $1, previous_hash = NULL, rotated_at = NULL WHERE session_id = $2`,
    [restored.current_hash, sessionId],
  )
  for (const ahead of [second, third]) isRefusal(t, await renew(place, ahead), 'session-ended')
  t.equal((await renew(place, refreshToken)).status, 200, 'the token of the backup goes on')
})

t.test('a disabled account, a deleted one, and the break-glass end renewal as `session-ended`', async t => {
  const place = await stage(t)
  const { pool } = place.database
  for (const statement of [
    'UPDATE accounts SET disabled_at = now() WHERE id = $1',
    'DELETE FROM accounts WHERE id = $1',
    'UPDATE revocation_clock SET global_epoch = global_epoch + 1 WHERE $1::uuid IS NOT NULL',
  ]) {
    const ada = await place.person()
    const { refreshToken } = await place.login(ada)
    const { refreshToken: second } = (await renew(place, refreshToken)).body as Session
    await pool.query(statement, [ada.id])
    isRefusal(t, await renew(place, second), 'session-ended')
    isRefusal(t, await renew(place, refreshToken), 'session-ended')
  }
})

t.test('a renewal without a token, or with something else, says so', async t => {
  const { call } = await stage(t)
  isRefusal(t, await call('/session/renew', { method: 'POST' }), 'refresh-missing')
  isRefusal(t, await call('/session/renew', { body: {} }), 'refresh-missing')
  for (const refreshToken of ['x', 'ghr_', 'ghr_AAAA', 'eyJhbGciOiJub25lIn0.e30.', 'é'.repeat(100)])
    isRefusal(t, await call('/session/renew', { body: { refreshToken } }), 'refresh-invalid')
  for (const refreshToken of ['', null, 5, ['x'], {}, 'x'.repeat(513)])
    isRefusal(t, await call('/session/renew', { body: { refreshToken } }), 'request-malformed')
})

t.test('an Idempotency-Key that is none is refused before anything is rotated', async t => {
  const { call, person, login } = await stage(t)
  const { refreshToken } = await login(await person())
  for (const key of ['short', 'x'.repeat(201), 'with space inside', 'caf\u00e9 au lait']) {
    const answer = await call('/session/renew', { body: { refreshToken }, headers: { 'idempotency-key': key } })
    isRefusal(t, answer, 'request-malformed')
    t.match(answer.body, { fields: [{ field: 'headers/idempotency-key' }] })
  }
  t.equal((await call('/session/renew', { body: { refreshToken } })).status, 200)
})

t.test('rights that changed are in the next access token', async t => {
  const place = await stage(t)
  const ada = await place.person({ roles: ['clerk'], scopes: ['storage:read'] })
  const { refreshToken } = await place.login(ada)
  await place.database.pool.query(
    `UPDATE accounts SET roles = '{chief}', scopes = '{storage:restricted}' WHERE id = $1`,
    [ada.id],
  )
  const { accessToken } = (await renew(place, refreshToken)).body as Session
  t.match(claimsOf(accessToken), { roles: ['chief'], scope: 'storage:restricted' })
})
