/** Device authorization (RFC 8628): codes, polls, the decision of the user, and the session of the device. */

import type { HttpResponse } from '@gatehouse/testkit'
import { until } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { sweep } from '../../src/housekeeping/sweep.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { createClient, isOAuthError as isError, postForm } from '../helpers/oauthForms.ts'
import { assertProblem, logOut, startService } from '../helpers/service.ts'
import { claimsOf, effectOf } from '../helpers/tokens.ts'

const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'

interface Codes {
  device_code: string
  user_code: string
}

async function startWithDevice(t: Test) {
  const clients = { PUBLIC_CLIENTS: 'television,radio,gatehouse-cli' }
  const service = await startService(t, { ...clients, RESOURCES: 'https://api.example.org' })
  const ada = await service.createUser({ roles: ['admin'], scopes: ['storage:read', 'users:read'] })
  const session = await service.login(ada)
  const begin = (form: Record<string, string> = {}) =>
    postForm(service, '/oauth/device_authorization', { client_id: 'television', ...form })
  /** Polls as if the device had waited. */
  const poll = async (device_code: string, form: Record<string, string> = {}) => {
    await service.database.prisma.$executeRaw`
      UPDATE device_authorizations SET polled_at = polled_at - make_interval(secs => interval_seconds + 1)`
    return postForm(service, '/oauth/token', { grant_type, device_code, client_id: 'television', ...form })
  }
  const decide = (userCode: string, approve = true) =>
    service.call('/device/decision', { token: session.accessToken, body: { userCode, approve } })
  return { ...service, ada, session, begin, poll, decide }
}

/** @conforms RFC 8628 section 3.2: the response has the device code, the user code, the URI, the lifetime and the interval. */
/** @conforms RFC 8628 section 3.3: the user sees which client asks for what before the decision. */
/** @conforms RFC 8628 section 3.4: a code is accepted only from its client, and used once. */
t.test('device: gets a session after the approval, once, and it is listed and ended as any other', async t => {
  const service = await startWithDevice(t)
  const { begin, poll, decide, call, session } = service
  const begun = await begin({ scope: 'storage:read unknown:scope' })
  t.match(begun.body, {
    device_code: /^gha_/,
    user_code: /^[B-Z]{4}-[B-Z]{4}$/,
    verification_uri: 'http://auth.test/account/device',
    expires_in: 600,
    interval: 5,
  })
  const { device_code, user_code } = begun.body as Codes
  isError(t, await poll(device_code), 'authorization_pending')
  const lookup = { token: session.accessToken, body: { userCode: user_code.toLowerCase() } }
  const shown = await call('/device/lookup', lookup)
  t.match(shown.body, { client: 'television', scopes: ['storage:read'], audience: 'gatehouse' })
  t.equal((await decide(user_code)).status, 204)
  assertProblem(t, await decide(user_code, false), 'not-found')

  isError(t, await poll(device_code, { client_id: 'radio' }), 'invalid_grant', 'another client')
  const { status, body } = await poll(device_code)
  t.equal(status, 200)
  t.match(body, { token_type: 'Bearer', scope: 'storage:read', refresh_token: /^ghr_/ })
  isError(t, await poll(device_code), 'invalid_grant', 'the code is used once')

  const tokens = body as { access_token: string; refresh_token: string }
  const claims = claimsOf(tokens.access_token)
  t.match(claims, { client_id: 'television', sub: service.ada.id, scope: 'storage:read' })
  t.strictSame(claims.roles, [])
  assertProblem(t, await call('/me', { token: tokens.access_token }), 'insufficient-scope')
  const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
  isError(t, await postForm(service, '/oauth/token', { ...form, client_id: 'radio' }), 'invalid_grant')
  isError(t, await postForm(service, '/oauth/token', form), 'invalid_grant')
  const renewed = await postForm(service, '/oauth/token', { ...form, client_id: 'television' })
  t.equal(renewed.status, 200)
  const list = (await call('/sessions', { token: session.accessToken })).body
  t.match(list, { sessions: [{ id: claims.sid, client: 'television' }, {}] })
  t.equal((await call(`/sessions/${claims.sid}`, { method: 'DELETE', token: session.accessToken })).status, 200)
  t.equal(await effectOf(service, tokens.access_token), 'ended')
})

/** @conforms RFC 8628 section 3.5: `authorization_pending`, `slow_down` with 5 more seconds for all further polls, `access_denied`, `expired_token`. */
t.test('device: a denied or expired code gives nothing, and a device that polls too often must slow down', async t => {
  const service = await startWithDevice(t)
  const { begin, poll, decide, database, query } = service
  const denied = (await begin()).body as Codes
  t.equal((await decide(denied.user_code, false)).status, 204)
  isError(t, await poll(denied.device_code), 'access_denied')
  isError(t, await poll(denied.device_code), 'invalid_grant')

  const { device_code, user_code } = (await begin()).body as Codes
  const form = { grant_type, device_code, client_id: 'television' }
  isError(t, await postForm(service, '/oauth/token', form), 'authorization_pending')
  isError(t, await postForm(service, '/oauth/token', form), 'slow_down')
  const rows = await query('SELECT interval_seconds FROM device_authorizations')
  t.same(rows, [{ interval_seconds: 10 }], 'the interval is longer for all further polls')
  // A request that is quicker than the last one arrives before the interval is over.
  await database.prisma.$executeRaw`UPDATE device_authorizations SET polled_at = now() - interval '9.5 seconds'`
  isError(t, await postForm(service, '/oauth/token', form), 'authorization_pending', 'half a second early')
  await database.prisma.$executeRaw`UPDATE device_authorizations SET expires_at = now() - interval '1 second'`
  isError(t, await poll(device_code), 'expired_token')
  assertProblem(t, await decide(user_code), 'not-found')
  await database.prisma.$executeRaw`UPDATE device_authorizations SET expires_at = now() - interval '6 minutes'`
  const rules = { limit: 10, historyDays: 7, auditRetentionDays: 400 }
  const { prisma } = database
  await sweep({ prisma, rules, pause: async () => undefined, onRemoved: () => undefined })
  isError(t, await poll(device_code), 'invalid_grant', 'the sweep has deleted it')
})

t.test('device: an approval is worthless once the session that gave it has ended', async t => {
  const service = await startWithDevice(t)
  const { begin, poll, decide, call, session, query } = service
  const { device_code, user_code } = (await begin()).body as Codes
  await decide(user_code)
  await logOut({ call }, session.refreshToken)
  isError(t, await poll(device_code), 'access_denied')
  const rows = await query(`SELECT count(*)::int AS n FROM sessions WHERE client_id = 'television'`)
  t.equal(rows[0].n, 0)
})

t.test('device: two polls at once get one session', async t => {
  const service = await startWithDevice(t)
  const { begin, decide } = service
  const { device_code, user_code } = (await begin()).body as Codes
  await decide(user_code)
  const lock = await holdLock(t, service, 'SELECT FROM device_authorizations FOR UPDATE')
  const form = { grant_type, device_code, client_id: 'television' }
  const polls = [form, form].map(form => postForm(service, '/oauth/token', form))
  await untilBlocked(service, 2)
  await lock.release()
  t.same((await Promise.all(polls)).map(({ status }) => status).toSorted(), [200, 400])
})

/** @conforms RFC 8628 section 5.1: guesses of user codes are limited. */
t.test('device: guesses of user codes are limited for each account, and audited', async t => {
  const service = await startWithDevice(t)
  const { begin, decide, call, session, query } = service
  const { user_code } = (await begin()).body as Codes
  for (const guess of ['BBBB-BBBB', 'bbbbbbbc', 'CCCC-CCCC', 'DDDD-DDDD'])
    assertProblem(t, await decide(guess), 'not-found')
  const lookup = { token: session.accessToken, body: { userCode: 'FFFF-FFFF' } }
  assertProblem(t, await call('/device/lookup', lookup), 'not-found')
  assertProblem(t, await decide(user_code), 'rate-limited')
  const rows = await query(`SELECT outcome FROM audit_entries WHERE action = 'device.approve'`)
  t.same(rows, [{ outcome: 'rate-limited' }])
})

t.test('device: of twelve guesses at once five are looked up, and the others are refused', async t => {
  const service = await startWithDevice(t)
  const { call, session, query } = service
  const lock = await holdLock(t, service, 'LOCK TABLE device_authorizations IN ACCESS EXCLUSIVE MODE')
  const body = { userCode: 'FFFF-FFFF' }
  const answers: HttpResponse[] = []
  const guesses = Array.from({ length: 12 }, () =>
    call('/device/lookup', { token: session.accessToken, body }).then(answer => void answers.push(answer)),
  )
  await until(() => answers.length === 7, 'seven are refused while the others are looked up')
  for (const answer of answers) assertProblem(t, answer, 'rate-limited')
  await lock.release()
  await Promise.all(guesses)
  for (const answer of answers.slice(7)) assertProblem(t, answer, 'not-found')
  const rows = await query(`SELECT outcome FROM audit_entries WHERE action = 'device.approve'`)
  t.same(rows, [{ outcome: 'rate-limited' }])
})

t.test('device: codes that are found are not counted as guesses', async t => {
  const { begin, call, session } = await startWithDevice(t)
  const { user_code: userCode } = (await begin()).body as Codes
  for (let count = 0; count < 8; count += 1) {
    const { status } = await call('/device/lookup', { token: session.accessToken, body: { userCode } })
    t.equal(status, 200)
  }
})

t.test('device: thirty polls with unknown codes slow down further ones, not a device of the same address', async t => {
  const service = await startWithDevice(t)
  const { device_code } = (await service.begin()).body as Codes
  const pollOf = (code: string) =>
    postForm(service, '/oauth/token', { grant_type, device_code: code, client_id: 'television' })
  for (let count = 0; count < 30; count += 1) isError(t, await pollOf(`gha_${count}`), 'invalid_grant')
  isError(t, await pollOf('gha_30'), 'slow_down')
  isError(t, await pollOf(device_code), 'authorization_pending')
  await service.query('DELETE FROM device_authorizations')
  for (let count = 0; count < 30; count += 1) isError(t, await pollOf(device_code), 'invalid_grant')
  isError(t, await pollOf(device_code), 'slow_down')
})

/** @conforms RFC 8628 section 3.1: the client is identified, and one with credentials must authenticate. */
t.test('device: bad input has its error, and nothing is written', async t => {
  const service = await startWithDevice(t)
  const { begin, poll, call, session, query } = service
  await createClient(service, 'robot', ['users:read'])
  const cases: [form: Record<string, string>, error: string][] = [
    [{ client_id: '' }, 'invalid_client'],
    [{ client_id: 'unknown' }, 'invalid_client'],
    [{ client_id: 'first-party' }, 'invalid_client'],
    [{ client_id: 'robot' }, 'invalid_client'],
    [{ client_secret: 'x' }, 'invalid_client'],
    [{ scope: 'a  b' }, 'invalid_scope'],
    [{ scope: 'a"b' }, 'invalid_scope'],
    [{ scope: 'x'.repeat(1001) }, 'invalid_scope'],
    [{ scope: 'x'.repeat(5000) }, 'invalid_request'],
    [{ resource: 'https://unknown.example.org' }, 'invalid_target'],
  ]
  for (const [form, error] of cases) isError(t, await begin(form), error, JSON.stringify(form).slice(0, 60))
  const elsewhere = { client_id: 'gatehouse-cli', resource: 'https://api.example.org' }
  isError(t, await begin(elsewhere), 'invalid_target', 'the admin API would refuse the log-in')
  const body = 'client_id=television&client_id=television'
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  isError(t, await call('/oauth/device_authorization', { method: 'POST', body, headers }), 'invalid_request')
  isError(t, await poll(''), 'invalid_request')
  isError(t, await poll('gha_unknown'), 'invalid_grant')
  isError(t, await poll('x'.repeat(5000)), 'invalid_request')
  isError(t, await poll('gha_unknown', { client_id: '' }), 'invalid_client')
  const token = session.accessToken
  for (const body of [{}, { userCode: 7 }, { userCode: 'x' }, { userCode: 'BBBB-BBBB', approve: 'yes' }, []])
    assertProblem(t, await call('/device/decision', { token, body }), 'request-malformed')
  assertProblem(t, await call('/device/decision', { body: { userCode: 'BBBB-BBBB', approve: true } }), 'token-missing')
  const rows = await query('SELECT count(*)::int AS n FROM device_authorizations')
  t.equal(rows[0].n, 0)
})

t.test('device: new codes are limited for each address', async t => {
  const { begin } = await startWithDevice(t)
  for (let count = 0; count < 20; count += 1) t.equal((await begin()).status, 200)
  const { status, body, headers } = await begin()
  t.equal(status, 429)
  t.match(body, { error: 'temporarily_unavailable' })
  t.match(headers.get('retry-after'), /^\d+$/)
})

t.test('device: an id of PUBLIC_CLIENTS that a service client has is refused without its secret', async t => {
  const service = await startWithDevice(t)
  const { begin, poll, decide } = service
  const { device_code, user_code } = (await begin()).body as Codes
  await decide(user_code)
  const { refresh_token } = (await poll(device_code)).body as { refresh_token: string }
  const waiting = (await begin()).body as Codes
  await createClient(service, 'television', ['storage:read'])

  isError(t, await begin(), 'invalid_client')
  isError(t, await poll(waiting.device_code), 'invalid_client')
  const named = { refresh_token, client_id: 'television' }
  isError(t, await postForm(service, '/oauth/token', { grant_type: 'refresh_token', ...named }), 'invalid_grant')
  const revocation = { token: refresh_token, client_id: 'television' }
  isError(t, await postForm(service, '/oauth/revoke', revocation), 'invalid_client')
  const form = { grant_type: 'refresh_token', refresh_token }
  t.equal((await postForm(service, '/oauth/token', form, 'television')).status, 200, 'with the secret it is accepted')
  const body = { id: 'radio', scopes: ['storage:read'] }
  const created = await service.call('/admin/clients', { token: service.session.accessToken, body })
  assertProblem(t, created, 'request-malformed')
})
