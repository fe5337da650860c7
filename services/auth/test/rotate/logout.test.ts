/** Log-out without a cookie: by refresh token or by access token, expired or not, repeatedly. */
import { until } from '@gatehouse/testkit'
import t from 'tap'
import { clientToken, createClient, postForm } from '../helpers/oauthForms.ts'
import { assertProblem, logOut, renew, startService, type TestSession } from '../helpers/service.ts'
import { effectOf } from '../helpers/tokens.ts'

t.test('log-out: a refresh token of any generation ends the session without an access token', async t => {
  const service = await startService(t)
  const { refreshToken } = await service.login(await service.createUser())
  const renewed = (await renew(service, refreshToken)).body as TestSession
  t.equal((await logOut(service, refreshToken)).status, 204)
  assertProblem(t, await renew(service, renewed.refreshToken), 'session-ended')
  t.equal(await effectOf(service, renewed.accessToken), 'ended')
  for (let n = 0; n < 3; n += 1) t.equal((await logOut(service, refreshToken)).status, 204)
  const rows = await service.query('SELECT * FROM revocations')
  t.equal(rows.length, 1, 'repeating it appends nothing')
})

t.test('log-out: accepts an expired access token, beside the refresh token or alone', async t => {
  const service = await startService(t, { ACCESS_TOKEN_SECONDS: '1' })
  const ada = await service.createUser()
  const { accessToken, refreshToken } = await service.login(ada)
  const { accessToken: other } = await service.login(ada)
  await until(async () => (await service.call('/me', { token: other })).status === 401, 'the token expires')
  assertProblem(t, await service.call('/me', { token: accessToken }), 'token-expired')
  const body = { refreshToken }
  t.equal((await service.call('/session', { method: 'DELETE', token: accessToken, body })).status, 204)
  t.equal((await service.call('/session', { method: 'DELETE', token: other })).status, 204)
  const rows = await service.query(`SELECT * FROM sessions WHERE ended_as = 'logged-out'`)
  t.equal(rows.length, 2)
})

t.test('log-out: refuses an invalid token and ends nothing', async t => {
  const service = await startService(t)
  const { accessToken, refreshToken } = await service.login(await service.createUser())
  const out = (call: object) => service.call('/session', { method: 'DELETE', ...call })
  assertProblem(t, await out({ body: { refreshToken: `${refreshToken.slice(0, -1)}!` } }), 'refresh-invalid')
  const [header, payload] = accessToken.split('.')
  assertProblem(t, await out({ token: `${header}.${payload}.${'A'.repeat(86)}` }), 'token-invalid')
  assertProblem(t, await out({ headers: { authorization: 'Bearer a b' } }), 'request-malformed')
  t.equal((await service.call('/me', { token: accessToken })).status, 200)
})

t.test('log-out: the audit entry names the session and its account', async t => {
  const service = await startService(t)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  await logOut(service, refreshToken)
  const rows = await service.query(`SELECT * FROM audit_entries WHERE action = 'session.logged-out'`)
  t.match(rows, [{ target: sessionId, address: '127.0.0.1', outcome: 'done', request_id: /./, seq: '1' }])
})

t.test('log-out: a client that acts for the user, or for itself, ends no session of the user', async t => {
  const service = await startService(t)
  await createClient(service, 'portal', ['exchange', 'storage:read'])
  const { accessToken } = await service.login(await service.createUser({ scopes: ['storage:read'] }))
  const { body } = await postForm(
    service,
    '/oauth/token',
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: accessToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    },
    'portal',
  )
  const { access_token: acting } = body as { access_token: string }
  for (const token of [acting, await clientToken(service, 'portal')])
    assertProblem(t, await service.call('/session', { method: 'DELETE', token }), 'insufficient-scope')
  t.equal((await service.call('/me', { token: accessToken })).status, 200)
})

t.test('log-out: a token of a withdrawn key ends nothing, before the replica has read the withdrawal', async t => {
  const service = await startService(t)
  const { accessToken } = await service.login(await service.createUser())
  await service.database.prisma.$executeRaw`UPDATE signing_keys SET state = 'withdrawn'`
  assertProblem(t, await service.call('/session', { method: 'DELETE', token: accessToken }), 'token-invalid')
  t.equal((await postForm(service, '/oauth/revoke', { token: accessToken })).status, 200)
  const rows = await service.query('SELECT FROM sessions WHERE ended_at IS NOT NULL')
  t.equal(rows.length, 0)
})
