/** The audience of a service client: what it introspects and exchanges (RFC 7662, RFC 8693, RFC 8707). */
import t, { type Test } from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { postForm } from '../helpers/oauthForms.ts'
import { assertProblem, basic, guardSecret } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange'
const subject_token_type = 'urn:ietf:params:oauth:token-type:access_token'
const [api, other] = ['https://api.example.org', 'https://other.example.org']

async function start(t: Test) {
  const service = await startWithAdmin(t, { RESOURCES: `${api},${other}` })
  const secrets: Record<string, string> = {}
  for (const [id, audience] of Object.entries({ api, other, plain: undefined })) {
    const body = { id, scopes: ['introspect', 'exchange', 'storage:read'], audience }
    const created = await service.callAsAdmin('/admin/clients', { body })
    t.equal(created.status, 201)
    t.match(created.body, { client: { audience: audience ?? null } })
    secrets[id] = (created.body as { secret: string }).secret
  }
  const session = await service.login(await service.createUser({ scopes: ['storage:read'] }))
  const refresh = { grant_type: 'refresh_token', refresh_token: session.refreshToken, resource: api }
  const { body } = await postForm(service, '/oauth/token', refresh)
  const send = (client: string, path: string, form: Record<string, string>) => {
    const type = 'application/x-www-form-urlencoded'
    const headers = { 'content-type': type, authorization: basic(client, secrets[client] ?? '') }
    return service.call(path, { body: new URLSearchParams(form).toString(), headers })
  }
  return { ...service, tokens: { forApi: (body as Token).access_token, forAll: session.accessToken }, send }
}

interface Token {
  access_token: string
}

/** @conforms RFC 7662 section 4: a client learns only about tokens for its own audience. */
/** @conforms RFC 9470 section 6.2: introspection returns `auth_time`. */
t.test('introspect: describes tokens for the audience of the client, and no others', async t => {
  const { tokens, send } = await start(t)
  const isActive = async (client: string, token: string) =>
    ((await send(client, '/oauth/introspect', { token })).body as { active: boolean }).active
  const { body } = await send('api', '/oauth/introspect', { token: tokens.forApi })
  t.match(body, { active: true, aud: api, auth_time: Number })
  t.equal(await isActive('other', tokens.forApi), false)
  t.equal(await isActive('plain', tokens.forApi), false)
  t.equal(await isActive('api', tokens.forAll), false)
  t.equal(await isActive('plain', tokens.forAll), true)
})

/** @conforms RFC 8693 section 2.2.2: a subject token that is not for the client's audience is `invalid_request`. */
t.test('exchange: accepts tokens for the audience of the client, and keeps that audience by default', async t => {
  const { tokens, send } = await start(t)
  const exchange = (client: string, subject_token: string, more = {}) =>
    send(client, '/oauth/token', { grant_type, subject_token, subject_token_type, ...more })
  const kept = await exchange('api', tokens.forApi)
  t.equal(kept.status, 200)
  t.match(claimsOf((kept.body as Token).access_token), { aud: api, act: { sub: 'api' } })
  const onward = await exchange('api', tokens.forApi, { resource: other })
  t.match(claimsOf((onward.body as Token).access_token), { aud: other }, 'for the service behind it')
  for (const [client, token] of [
    ['other', tokens.forApi],
    ['plain', tokens.forApi],
    ['api', tokens.forAll],
  ] as const) {
    const refused = await exchange(client, token)
    t.equal(refused.status, 400)
    t.match(refused.body, { error: 'invalid_request', error_description: /audience/ })
  }
  t.match(claimsOf(((await exchange('plain', tokens.forAll)).body as Token).access_token), { aud: 'gatehouse' })
})

t.test('client: an audience that is not configured is refused at creation, and has no tokens later', async t => {
  const { callAsAdmin, tokens, send, database } = await start(t)
  for (const audience of ['https://unknown.example.org', '', 7, [api], 'x'.repeat(201)]) {
    const body = { id: 'new', scopes: ['introspect'], audience }
    assertProblem(t, await callAsAdmin('/admin/clients', { body }), 'request-malformed')
  }
  await database.prisma.$executeRaw`UPDATE service_clients SET audience = 'https://gone.example.org' WHERE id = 'api'`
  t.strictSame((await send('api', '/oauth/introspect', { token: tokens.forApi })).body, { active: false })
})

const refreshType = 'urn:ietf:params:oauth:token-type:refresh_token'

/** A session of the client `api`, from a token exchange. */
async function startExchanged(t: Test) {
  const service = await start(t)
  const subject = { grant_type, subject_token: service.tokens.forApi, subject_token_type }
  const exchanged = await service.send('api', '/oauth/token', { ...subject, requested_token_type: refreshType })
  const renew = (refresh_token: string, client = 'api') =>
    service.send(client, '/oauth/token', { grant_type: 'refresh_token', refresh_token })
  return { ...service, first: (exchanged.body as { refresh_token: string }).refresh_token, renew }
}

t.test('refresh: a session for an audience that is no longer configured gets no token, and does not end', async t => {
  const { database, first, renew } = await startExchanged(t)
  const setAudience = (audience: string) => database.prisma.$executeRaw`
    WITH s AS (UPDATE sessions SET audience = ${audience} WHERE client_id = 'api')
    UPDATE refresh_tokens SET audience = ${audience} WHERE client_id = 'api'`
  await setAudience('https://gone.example.org')
  t.match(await renew(first), { status: 400, body: { error: 'invalid_target' } })
  await setAudience(api)
  t.match(await renew(first), { status: 200, body: { scope: 'storage:read' } }, 'the token has not rotated')
})

t.test('refresh: a client that loses scopes renews its sessions without them, and none without `exchange`', async t => {
  const { database, first, renew } = await startExchanged(t)
  const setScopes = (scopes: string[]) =>
    database.prisma.serviceClient.update({ where: { id: 'api' }, data: { scopes } })
  await setScopes(['exchange', 'users:read'])
  const renewed = await renew(first)
  t.equal(renewed.status, 200)
  const { access_token, refresh_token } = renewed.body as { access_token: string; refresh_token: string }
  t.equal(claimsOf(access_token)['scope'] ?? '', '')
  await setScopes(['storage:read'])
  t.match(await renew(refresh_token), { status: 400, body: { error: 'unauthorized_client' } })
})

t.test('delete client: its sessions have ended at the response, and a client of the same name has none', async t => {
  const { callAsAdmin, call, database, first, renew, lastAudit } = await startExchanged(t)
  const sid = claimsOf(((await renew(first)).body as Token).access_token)['sid']
  // A session outlasts the scope that began it.
  await database.prisma.serviceClient.update({ where: { id: 'api' }, data: { scopes: ['introspect'] } })
  const guard = { guard: '11111111-1111-4111-8111-111111111111', name: 'test', version: '1' }
  const headers = { authorization: basic('guards', guardSecret) }
  const start = (await call('/guards/poll', { body: guard, headers })).body as { feedId: string; head: number }
  const deleting = callAsAdmin('/admin/clients/api', { method: 'DELETE', body: { reason: 'retired' } })
  const subjects: unknown[] = []
  for (let { head: after } = start; subjects.length < 2; ) {
    const page = await call('/guards/poll', { body: { ...guard, feedId: start.feedId, after }, headers })
    const { entries, head } = page.body as { entries: { subject: string }[]; head: number }
    subjects.push(...entries.map(({ subject }) => subject))
    after = head
  }
  await call('/guards/leave', { body: { guard: guard.guard }, headers })
  t.ok(subjects.includes(sid), 'the feed names the session')
  t.match(await deleting, { status: 200, body: { inForce: true, sessionsEnded: 1 } })
  t.match(await lastAudit('client.delete'), { target: 'api', reason: 'retired' })
  t.match(await database.prisma.session.findMany({ where: { clientId: 'api' } }), [{ id: sid, endedAs: 'revoked' }])
  assertProblem(t, await callAsAdmin('/admin/clients/api', { method: 'DELETE' }), 'not-found')
})

t.test('delete client: with a secret that it gets meanwhile it starts no session', async t => {
  const service = await startExchanged(t)
  const { callAsAdmin, database, first, renew, tokens } = service
  t.equal((await renew(first)).status, 200)
  const lock = await holdLock(t, service, `SELECT FROM sessions WHERE client_id = 'api' FOR UPDATE`)
  const deleting = callAsAdmin('/admin/clients/api', { method: 'DELETE' })
  await untilBlocked(service, 1)
  const rotated = await callAsAdmin('/admin/clients/api/rotate', { body: {} })
  const { secret } = rotated.body as { secret: string }
  const form = { grant_type, subject_token: tokens.forApi, subject_token_type, requested_token_type: refreshType }
  const exchanged = await postForm(service, '/oauth/token', { ...form, client_id: 'api', client_secret: secret })
  t.match(exchanged, { status: 400, body: { error: 'unauthorized_client' } })
  await lock.release()
  t.match(await deleting, { status: 200, body: { inForce: true } })
  t.equal(await database.prisma.session.count({ where: { clientId: 'api', endedAt: null } }), 0)
})
