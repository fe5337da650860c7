/** Wrong passwords of users who are logged in: at a password change and at a reauthentication. */
import t from 'tap'
import { assertProblem, password, startService } from '../helpers/service.ts'

t.test('in a session: beyond the ceiling no password is verified until a log-in succeeds', async t => {
  const service = await startService(t, { ACCOUNT_FAILURES: '10', LOGIN_FAILURES: '20', TRUST_PROXY: 'loopback' })
  const ada = await service.createUser()
  const { accessToken: token } = await service.login(ada)
  const newPassword = 'a new and longer passphrase'
  const attempts = {
    change: (guess: string) =>
      service.call('/me/password', { method: 'PUT', token, body: { currentPassword: guess, newPassword } }),
    confirm: (guess: string) => service.call('/session/reauthenticate', { token, body: { password: guess } }),
  }
  for (let n = 0; n < 5; n += 1)
    for (const attempt of Object.values(attempts)) assertProblem(t, await attempt('a wrong guess'), 'password-wrong')
  for (const attempt of Object.values(attempts)) assertProblem(t, await attempt(password), 'known-device-required')
  t.equal((await service.call('/me', { token })).status, 200, 'the session continues')
  await service.login(ada)
  t.equal((await attempts.confirm(password)).status, 200)

  const logIn = (address: string, guess: string) => {
    const body = { email: ada.email, password: guess }
    return service.call('/session', { body, headers: { 'x-forwarded-for': address } })
  }
  for (let n = 0; n < 10; n += 1) await logIn(`192.0.2.${n}`, 'a wrong guess')
  assertProblem(t, await logIn('192.0.2.99', password), 'known-device-required')
  t.equal((await attempts.confirm(password)).status, 200, 'failures at log-in do not count')
})

t.test('in a session: an attempt that finds the queue full is not counted', async t => {
  const limits = { PASSWORD_THREADS: '1', PASSWORD_QUEUE: '0', LOGIN_FAILURES: '50' }
  const { call, createUser, login, query } = await startService(t, limits)
  const { accessToken: token } = await login(await createUser())
  const body = { currentPassword: 'a wrong guess', newPassword: 'a new and longer passphrase' }
  const change = () => call('/me/password', { method: 'PUT', token, body })
  const confirm = () => call('/session/reauthenticate', { token, body: { password: 'a wrong guess' } })
  const responses = await Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 ? change() : confirm())))
  const wrong = responses.filter(({ status }) => status === 403)
  for (const response of responses)
    assertProblem(t, response, wrong.includes(response) ? 'password-wrong' : 'overloaded')
  t.ok(wrong.length < responses.length, 'the queue was full')
  const rows = await query(`SELECT points FROM rate_limits WHERE key LIKE 'password-%'`)
  t.strictSame(rows, [{ points: wrong.length }, { points: wrong.length }])
})
