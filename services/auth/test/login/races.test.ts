/** Log-ins concurrent with a disable or a password change: in either order of commits, no invalid session remains. */
import t from 'tap'
import { holdRevocationClock, inOrder, pauseWrites } from '../helpers/locks.ts'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, password, renew, startService, type TestSession } from '../helpers/service.ts'
import { effectOf } from '../helpers/tokens.ts'

const newPassword = 'another long passphrase'

async function scene(t: Parameters<typeof startService>[0]) {
  const one = await startService(t, { LOGIN_FAILURES: '1000' })
  const other = await startReplica(t, one)
  const [ada, admin] = [await one.createUser(), await one.createUser({ roles: ['admin'] })]
  const { accessToken: adminToken } = await one.login(admin)
  const logIn = () => other.call('/session', { body: { email: ada.email, password, transport: 'body' } })
  const disable = () => one.call(`/admin/users/${ada.id}/disable`, { method: 'POST', token: adminToken, body: {} })
  return { ...one, ada, logIn, disable }
}

t.test('log-in: waits for a concurrent disable and is refused', async t => {
  const { logIn, disable, database } = await scene(t)
  const clock = await holdRevocationClock(t, { database })
  const [disabled, loggedIn] = await inOrder({ database }, clock, [() => disable(), () => logIn()])
  t.equal(disabled.status, 200)
  assertProblem(t, loggedIn, 'account-disabled')
})

t.test('disable: waits for a concurrent log-in and ends its session', async t => {
  const service = await scene(t)
  const insert = await pauseWrites(t, service, 'INSERT ON sessions')
  const [loggedIn, disabled] = await inOrder(service, insert, [() => service.logIn(), () => service.disable()])
  const response = loggedIn
  t.equal(response.status, 201)
  t.match(disabled, { status: 200, body: { inForce: true } })
  const { accessToken, refreshToken } = response.body as TestSession
  t.equal(await effectOf(service, accessToken), 'forbidden')
  assertProblem(t, await service.call('/me', { token: accessToken }), 'account-disabled')
  assertProblem(t, await renew(service, refreshToken), 'session-ended')
})

t.test('log-in: with the old password, is refused when a concurrent change commits first', async t => {
  const service = await scene(t)
  const { accessToken: token } = await service.login(service.ada)
  await service.login(service.ada)
  const clock = await holdRevocationClock(t, service)
  const change = { currentPassword: password, newPassword }
  const [changed, loggedIn] = await inOrder(service, clock, [
    () => service.call('/me/password', { method: 'PUT', token, body: change }),
    () => service.logIn(),
  ])
  t.equal(changed.status, 200)
  assertProblem(t, loggedIn, 'credentials-invalid')
})

t.test('password change: ends the session of a concurrent log-in with the old password', async t => {
  const service = await scene(t)
  const { accessToken: token, sessionId } = await service.login(service.ada)
  const insert = await pauseWrites(t, service, 'INSERT ON sessions')
  const change = { currentPassword: password, newPassword }
  const [loggedIn, changed] = await inOrder(service, insert, [
    () => service.logIn(),
    () => service.call('/me/password', { method: 'PUT', token, body: change }),
  ])
  t.match(changed, { status: 200, body: { inForce: true, sessionsEnded: 1 } })
  const { accessToken, refreshToken } = loggedIn.body as TestSession
  t.equal(await effectOf(service, accessToken), 'ended')
  t.equal(await effectOf(service, token), undefined)
  assertProblem(t, await renew(service, refreshToken), 'session-ended')
  const { sessions } = (await service.call('/sessions', { token })).body as { sessions: { id: string }[] }
  const ids = sessions.map(({ id }) => id)
  t.same(ids, [sessionId])
})
