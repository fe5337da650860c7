/** No secret reaches a log line or a response, at any log level and for any failure. */
import { randomUUID } from 'node:crypto'
import { pgProxy, until } from '@gatehouse/testkit'
import t from 'tap'
import { startReplica } from '../helpers/replicas.ts'
import { guardSecret, logOut, password, renew, startService } from '../helpers/service.ts'

const loud = { LOG_LEVEL: 'debug', LOG_REQUESTS: 'true', DATABASE_TIMEOUT_MS: '1000' }

t.test('log: contains no secret at the most verbose level, whatever fails', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const session = await service.login(ada)
  const line = await pgProxy(t, service.database.url)
  const lines: string[] = []
  const log = { write: (text: string) => void lines.push(text) }
  const { call } = await startReplica(t, service, { ...loud, DATABASE_URL: line.url }, log)

  const canary = (what: string) => `canary-${what}-${randomUUID()}`
  const guesses = { password: canary('password'), newPassword: canary('new'), key: canary('idempotency') }
  const secrets = [password, guardSecret, session.refreshToken, session.accessToken, ...Object.values(guesses)]
  const forged = { refresh: `ghr_${canary('refresh')}`, bearer: `${canary('bearer')}.e30.x`, secret: canary('basic') }
  const { SIGNING_KEY = '', REFRESH_KEYS = '' } = service.environment
  secrets.push(...Object.values(forged), SIGNING_KEY, REFRESH_KEYS)
  secrets.push(new URL(service.database.url).password, '$argon2id$')
  const basic = (secret: string) => `Basic ${Buffer.from(`guards:${secret}`).toString('base64')}`
  secrets.push(basic(forged.secret).slice(6), basic(guardSecret).slice(6))

  const all = async () => {
    const { email } = ada
    const { refreshToken, accessToken: token } = session
    const cookie = `__Secure-gatehouse=${refreshToken}`
    const guard = { guard: randomUUID(), name: 'x', version: '1' }
    const change = { currentPassword: guesses.password, newPassword: guesses.newPassword }
    return [
      await call('/session', { body: { email, password } }),
      await call('/session', { body: { email, password: guesses.password } }),
      await call('/session', { body: { email, password: guesses.password, unknown: guesses.newPassword } }),
      await call('/session', { body: `{"email":"${email}","password":"${guesses.password}"` }),
      await call('/session', { body: { email: guesses.password, password: { deep: guesses.password } } }),
      await call('/session/renew', { body: { refreshToken }, headers: { 'idempotency-key': guesses.key } }),
      await call('/session/renew', { body: { refreshToken }, headers: { 'idempotency-key': `${guesses.key} bad` } }),
      await renew({ call }, forged.refresh),
      await call('/session/renew', { body: { [refreshToken]: refreshToken } }),
      await call('/session/renew', { method: 'POST', headers: { cookie } }),
      await call('/session/renew', { method: 'POST', headers: { cookie, origin: 'https://evil.example' } }),
      await call(`/session/renew?token=${refreshToken}`, { body: {} }),
      await call('/me', { token }),
      await call('/me', { token: forged.bearer }),
      await call(`/me?access_token=${token}`),
      await call(`/${refreshToken}`),
      await call(`/sessions/${refreshToken}`, { method: 'DELETE', token }),
      await call('/me/password', { method: 'PUT', token, body: change }),
      await call('/guards/poll', { body: guard, headers: { authorization: basic(guardSecret) } }),
      await call('/guards/poll', { body: guard, headers: { authorization: basic(forged.secret) } }),
      await logOut({ call }, forged.refresh),
    ]
  }

  const responses = await all()
  line.cut()
  responses.push(...(await all()))
  line.mend()
  await service.query('ALTER TABLE sessions RENAME COLUMN device TO broken')
  await service.query('ALTER TABLE refresh_tokens RENAME COLUMN idempotency_key_hash TO broken')
  responses.push(...(await all()))
  const statuses = responses.map(({ status }) => status)
  t.ok(statuses.includes(500), 'an internal error is among them')

  const logged = lines.join('')
  t.ok(lines.length > responses.length, `${lines.length} lines`)
  t.match(logged, /unexpected error/, 'the log contains the cause')
  const hexOf = (text: string) => Buffer.from(text).toString('hex')
  for (const secret of secrets) {
    t.notOk(logged.includes(secret), `logged: ${secret.slice(0, 30)}`)
    t.notOk(logged.includes(JSON.stringify(secret).slice(1, -1)), 'nor escaped')
    t.notOk(logged.includes(hexOf(secret)), 'nor as hex')
  }
  for (const { status, body } of responses.filter(({ status }) => status >= 400)) {
    const text = JSON.stringify(body)
    for (const secret of secrets) t.notOk(text.includes(secret), `${status} repeats ${secret.slice(0, 30)}`)
    t.notMatch(text, /prisma|postgres|fastify|SELECT|column|node_modules|\.ts:|\.js:/i)
  }
  t.match(responses[0], { status: 201 }, 'the first responses were successful')
})

t.test('log: a refusal is logged with the request id of the response', async t => {
  const service = await startService(t)
  const lines: string[] = []
  const { call } = await startReplica(t, service, loud, { write: text => void lines.push(text) })
  const { requestId } = (await call('/me')).body as { requestId: string }
  await until(() => lines.some(text => text.includes(requestId)), 'the line is written')
  const ofRequest = lines.map(text => JSON.parse(text)).filter(({ reqId }) => reqId === requestId)
  const refusal = { level: 20, code: 'token-missing', why: 'no Authorization header' }
  t.match(ofRequest, [{ level: 30 }, refusal, { level: 30 }])
})

t.test('log: names the missing migrations', async t => {
  const service = await startService(t)
  const lines: string[] = []
  const { call } = await startReplica(t, service, loud, { write: text => void lines.push(text) })
  await service.query('UPDATE _prisma_migrations SET rolled_back_at = now()')
  await call('/readyz')
  t.match(lines.join(''), /migrations are missing: \d{14}_/)
})

t.test('log: health, metrics and poll routes log warnings at most as verbosely as the service', async t => {
  const service = await startService(t)
  await service.query('UPDATE _prisma_migrations SET rolled_back_at = now()')
  for (const [level, isHeard] of [
    ['debug', true],
    ['warn', true],
    ['error', false],
    ['silent', false],
  ] as const) {
    const lines: string[] = []
    const settings = { LOG_LEVEL: level, LOG_REQUESTS: 'true' }
    const { call } = await startReplica(t, service, settings, { write: text => void lines.push(text) })
    await call('/livez')
    await call('/readyz')
    const said = lines.filter(text => /not ready|\/livez|\/readyz/.test(text)).map(text => JSON.parse(text).msg)
    t.strictSame(said, isHeard ? ['not ready'] : [], level)
  }
})
