/** Log-ins beside a disable or a password change: whichever commits first, nobody gets in who may not. */
import t from 'tap'
import { holdClock, pauseBefore, untilWaiting } from '../helpers/locks.ts'
import { replica } from '../helpers/replicas.ts'
import { isRefusal, password, type Session, stage } from '../helpers/service.ts'
import { coveredAs } from '../helpers/tokens.ts'

const newPassword = 'another long passphrase'

async function scene(t: Parameters<typeof stage>[0]) {
  const one = await stage(t)
  const other = await replica(t, one)
  const [ada, admin] = [await one.person(), await one.person({ roles: ['admin'] })]
  const { accessToken: adminToken } = await one.login(admin)
  const logIn = () => other.call('/session', { body: { email: ada.email, password, transport: 'body' } })
  const disable = () => one.call(`/admin/users/${ada.id}/disable`, { method: 'POST', token: adminToken, body: {} })
  return { ...one, ada, logIn, disable }
}

t.test('a log-in that finds a disable under way waits for it, and is refused', async t => {
  const { logIn, disable, database } = await scene(t)
  const clock = await holdClock(t, { database })
  const disabled = disable()
  await untilWaiting({ database }, 1)
  const loggedIn = logIn()
  await untilWaiting({ database }, 2)
  await clock.release()
  t.equal((await disabled).status, 200)
  isRefusal(t, await loggedIn, 'account-disabled')
})

t.test('a disable that finds a log-in under way waits for it, and ends its session', async t => {
  const stage = await scene(t)
  const insert = await pauseBefore(t, stage, 'INSERT ON sessions')
  const loggedIn = stage.logIn()
  await untilWaiting(stage, 1)
  const disabled = stage.disable()
  await untilWaiting(stage, 2)
  await insert.release()
  const answer = await loggedIn
  t.equal(answer.status, 201)
  t.match(await disabled, { status: 200, body: { inForce: true } })
  const { accessToken, refreshToken } = answer.body as Session
  t.equal(await coveredAs(stage, accessToken), 'forbidden')
  isRefusal(t, await stage.call('/me', { token: accessToken }), 'account-disabled')
  isRefusal(t, await stage.call('/session/renew', { body: { refreshToken } }), 'session-ended')
})

t.test('a log-in with the old password that finds its change under way is refused', async t => {
  const stage = await scene(t)
  const { accessToken: token } = await stage.login(stage.ada)
  await stage.login(stage.ada)
  const clock = await holdClock(t, stage)
  const change = { currentPassword: password, newPassword }
  const changed = stage.call('/me/password', { method: 'PUT', token, body: change })
  await untilWaiting(stage, 1)
  const loggedIn = stage.logIn()
  await untilWaiting(stage, 2)
  await clock.release()
  t.equal((await changed).status, 200)
  isRefusal(t, await loggedIn, 'credentials-invalid')
})

t.test('a password change that finds a log-in with the old one under way ends that session too', async t => {
  const stage = await scene(t)
  const { accessToken: token, sessionId } = await stage.login(stage.ada)
  const insert = await pauseBefore(t, stage, 'INSERT ON sessions')
  const loggedIn = stage.logIn()
  await untilWaiting(stage, 1)
  const change = { currentPassword: password, newPassword }
  const changed = stage.call('/me/password', { method: 'PUT', token, body: change })
  await untilWaiting(stage, 2)
  await insert.release()
  t.match(await changed, { status: 200, body: { inForce: true, ended: 1 } })
  const { accessToken, refreshToken } = (await loggedIn).body as Session
  t.equal(await coveredAs(stage, accessToken), 'ended')
  t.equal(await coveredAs(stage, token), undefined)
  isRefusal(t, await stage.call('/session/renew', { body: { refreshToken } }), 'session-ended')
  const { sessions } = (await stage.call('/sessions', { token })).body as { sessions: { id: string }[] }
  t.same(
    sessions.map(({ id }) => id),
    [sessionId],
  )
})

t.test('over 20 rounds of log-in beside disable on two replicas, no session that stands is left', async t => {
  const stage = await scene(t)
  for (let round = 0; round < 20; round += 1) {
    const [loggedIn, disabled] = await Promise.all([stage.logIn(), stage.disable()])
    t.equal(disabled.status, 200)
    if (loggedIn.status === 201) {
      const { accessToken, refreshToken } = loggedIn.body as Session
      t.equal(await coveredAs(stage, accessToken), 'forbidden')
      isRefusal(t, await stage.call('/session/renew', { body: { refreshToken } }), 'session-ended')
    } else isRefusal(t, loggedIn, 'account-disabled')
    await stage.database.pool.query('UPDATE accounts SET disabled_at = NULL WHERE id = $1', [stage.ada.id])
  }
})
