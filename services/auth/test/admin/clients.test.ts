/** The admin routes of service clients: creation, secrets, deletion, limits of their grants. */
import type { ClientView } from '@gatehouse/contract'
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { decide, requestWith, rule, startGuard, testGuard } from '../helpers/feedGuard.ts'
import { clientSecret, clientToken, createClient, postForm } from '../helpers/oauthForms.ts'
import { assertProblem } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

interface WithSecret {
  client: ClientView
  secret: string
}

/** @conforms RFC 9068 section 5: a client id has not the form of an account's id, and not that of another client. */
t.test('create client: returns the secret once and stores only its hash', async t => {
  const service = await startWithAdmin(t)
  const created = await service.callAsAdmin('/admin/clients', { body: { id: 'robot', scopes: ['users:read'] } })
  const { client, secret } = created.body as WithSecret
  t.equal(created.status, 201)
  t.match(secret, /^ghc_[\w-]{43}$/)
  t.match(client, { id: 'robot', name: 'robot', scopes: ['users:read'], lastUsedAt: null })
  const form = { grant_type: 'client_credentials', client_id: 'robot', client_secret: secret }
  t.equal((await postForm(service, '/oauth/token', form)).status, 200)
  const list = await service.callAsAdmin('/admin/clients')
  t.notMatch(JSON.stringify(list.body), secret)
  const found = (list.body as { clients: ClientView[] }).clients.find(({ id }) => id === 'robot')
  t.match(found, { lastUsedAt: String })
  const [dump] = await service.database.prisma.$queryRaw<{ all: string }[]>`
    SELECT string_agg(service_clients::text, ' ') || (SELECT string_agg(audit_entries::text, ' ') FROM audit_entries) AS all FROM service_clients`
  t.notMatch(dump?.all, secret)
  const create = (id: string) => service.callAsAdmin('/admin/clients', { body: { id, scopes: ['guard'] } })
  assertProblem(t, await create('robot'), 'conflict')
  for (const id of ['first-party', 'gatehouse-cli', service.admin.id, 'with space', '.', '..'])
    assertProblem(t, await create(id), 'request-malformed')
})

t.test('rotate secret: both are accepted in an overlap; without one the old one and its tokens are not', async t => {
  const service = await startWithAdmin(t)
  await createClient(service, 'robot', ['users:read'])
  const tokenWith = (secret: string) =>
    postForm(service, '/oauth/token', { grant_type: 'client_credentials', client_id: 'robot', client_secret: secret })
  const first = (await service.callAsAdmin('/admin/clients/robot/rotate', { body: { overlapSeconds: 60 } }))
    .body as WithSecret
  t.match(first, { client: { previousSecretEndsAt: String }, revocation: null })
  t.equal((await tokenWith(clientSecret)).status, 200)
  t.equal((await tokenWith(first.secret)).status, 200)
  const { access_token: token } = (await tokenWith(first.secret)).body as { access_token: string }
  const second = await service.callAsAdmin('/admin/clients/robot/rotate', {
    body: { overlapSeconds: 0, reason: 'leaked' },
  })
  t.match(second.body, { client: { previousSecretEndsAt: null }, revocation: { kind: 'session', inForce: true } })
  t.equal((await tokenWith(clientSecret)).status, 401)
  t.equal((await tokenWith(first.secret)).status, 401)
  assertProblem(t, await service.call('/admin/users', { token }), 'session-ended')
  t.equal((await tokenWith((second.body as WithSecret).secret)).status, 200)
  assertProblem(t, await service.callAsAdmin('/admin/clients/absent/rotate', { body: {} }), 'not-found')
})

t.test('delete client: its tokens are refused when the response arrives, and the feed names their `sid`', async t => {
  const service = await startWithAdmin(t)
  await createClient(service, 'robot', ['users:read'])
  const token = await clientToken(service, 'robot')
  const deleted = await service.callAsAdmin('/admin/clients/robot', { method: 'DELETE', body: { reason: 'retired' } })
  t.match(deleted.body, { kind: 'session', effect: 'ended', inForce: true })
  const { entries } = await testGuard(service).pollAccepted()
  t.match(entries, [{ kind: 'session', subject: claimsOf(token).sid, effect: 'ended' }])
  assertProblem(t, await service.call('/admin/users', { token }), 'session-ended')
  t.equal((await postForm(service, '/oauth/token', { grant_type: 'client_credentials' }, 'robot')).status, 401)
  t.match(await service.lastAudit('client.delete'), { target: 'robot', reason: 'retired', seq: Number })
  assertProblem(t, await service.callAsAdmin('/admin/clients/robot', { method: 'DELETE' }), 'not-found')
})

t.test('clients: a service client grants only its own scopes, and changes no client with more', async t => {
  const service = await startWithAdmin(t)
  await createClient(service, 'clerk', ['clients:write', 'storage:read'])
  await createClient(service, 'strong', ['users:write'])
  const token = await clientToken(service, 'clerk')
  const ask = (path: string, call = {}) => service.call(path, { token, ...call })
  assertProblem(t, await ask('/admin/clients', { body: { id: 'x', scopes: ['users:write'] } }), 'insufficient-scope')
  t.equal((await ask('/admin/clients', { body: { id: 'x', scopes: ['storage:read'] } })).status, 201)
  assertProblem(t, await ask('/admin/clients/strong/rotate', { body: {} }), 'insufficient-scope')
  assertProblem(t, await ask('/admin/clients/strong', { method: 'DELETE' }), 'insufficient-scope')
  assertProblem(t, await ask('/admin/clients'), 'insufficient-scope')
})

t.test(
  'clients: tokens with `act` are refused when the deletion of their client, or its new secret, is in force',
  async t => {
    const service = await startWithAdmin(t)
    const session = await service.login(await service.createUser({ scopes: ['users:read'] }))
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: session.accessToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }
    const guard = await startGuard(t, service)
    const remove = (id: string) => service.callAsAdmin(`/admin/clients/${id}`, { method: 'DELETE', body: {} })
    const rotate = (id: string) =>
      service.callAsAdmin(`/admin/clients/${id}/rotate`, { method: 'POST', body: { overlapSeconds: 0 } })
    const inForce = { inForce: true }
    for (const [id, revoke] of Object.entries({ deleted: remove, rotated: rotate })) {
      await createClient(service, id, ['exchange', 'users:read'])
      await createClient(service, `${id}-peer`, ['exchange', 'users:read', 'introspect'])
      const tokenOf = async (client: string) =>
        ((await postForm(service, '/oauth/token', form, client)).body as { access_token: string }).access_token
      const [acting, other] = [await tokenOf(id), await tokenOf(`${id}-peer`)]
      t.equal(await decide(guard, acting), 'pass')
      const caller = await guard.check(requestWith(acting), rule)
      const closed: string[] = []
      guard.trackStream(caller, why => void closed.push(why))
      t.match((await revoke(id)).body, id === 'deleted' ? inForce : { revocation: inForce })
      t.equal(await decide(guard, acting), 'session-ended', id)
      t.strictSame(closed, ['session-ended'])
      assertProblem(t, await service.call('/admin/users', { token: acting }), 'session-ended')
      for (const token of [other, session.accessToken]) t.equal(await decide(guard, token), 'pass', 'no other token')
      t.equal((await service.call('/admin/users', { token: other })).status, 200)
      const introspect = (token: string) => postForm(service, '/oauth/introspect', { token }, `${id}-peer`)
      t.match([(await introspect(acting)).body, (await introspect(other)).body], [{ active: false }, { active: true }])
    }
  },
)
