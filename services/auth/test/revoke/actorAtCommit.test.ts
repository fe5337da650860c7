/** An action is permitted by the rights at its commit, however long ago its header arrived. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import t from 'tap'
import { type AdminClient, startWithAdmin } from '../helpers/adminClient.ts'
import { clientToken, createClient, postForm } from '../helpers/oauthForms.ts'
import { password, type TestSession, type TestUser } from '../helpers/service.ts'
import { beginSlowRequest, type SlowRequest } from '../helpers/slowRequest.ts'

type Actor = TestUser & TestSession
interface Scene {
  service: AdminClient
  actor: Actor
  /** An account that the actor acts on. */
  other: Actor
  client: string
  /** A key that is announced. */
  kid: string
  /** The code of a device that waits. */
  userCode: string
}
type Action = (scene: Scene) => Omit<SlowRequest, 'token'>

const post = (path: string, body: object = {}) => ({ method: 'POST', path, body })
const newPassword = 'a new password of some length'
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }] }
const settings = { PUBLIC_CLIENTS: 'television', KEY_ENCRYPTION_KEYS: `1:${randomBytes(32).toString('hex')}` }

const adminActions: Record<string, Action> = {
  'create user': () => post('/admin/users', { email: `${randomUUID()}@example.org`, password: newPassword }),
  'change own rights': ({ actor }) => ({
    method: 'PATCH',
    path: `/admin/users/${actor.id}`,
    body: { roles: ['admin', 'clerk'], confirm: 'myself' },
    headers: { 'if-match': '*' },
  }),
  'change rights': ({ other }) => ({
    method: 'PATCH',
    path: `/admin/users/${other.id}`,
    body: { roles: ['admin'] },
    headers: { 'if-match': '*' },
  }),
  disable: ({ other }) => post(`/admin/users/${other.id}/disable`),
  enable: ({ other }) => post(`/admin/users/${other.id}/enable`),
  'enable oneself': ({ actor }) => post(`/admin/users/${actor.id}/enable`, { confirm: 'myself' }),
  'sign out': ({ other }) => post(`/admin/users/${other.id}/sessions/end`),
  'force change': ({ other }) => post(`/admin/users/${other.id}/password/force-change`),
  'reset code': ({ other }) => post(`/admin/users/${other.id}/password/reset-code`),
  delete: ({ other }) => ({ method: 'DELETE', path: `/admin/users/${other.id}`, body: { reason: 'test' } }),
  'end session': ({ other }) => post(`/admin/sessions/${other.sessionId}/end`),
  'end matching': ({ other }) => post('/admin/sessions/end', { criteria: { accounts: [other.id] } }),
  'end all': () => post('/admin/sessions/end-all', { confirm: 'end every session' }),
  'create client': () => post('/admin/clients', { id: `c-${randomUUID().slice(0, 8)}`, scopes: ['guard'] }),
  'rotate with overlap': ({ client }) => post(`/admin/clients/${client}/rotate`, { overlapSeconds: 60 }),
  'rotate without overlap': ({ client }) => post(`/admin/clients/${client}/rotate`, { overlapSeconds: 0 }),
  'delete client': ({ client }) => ({ method: 'DELETE', path: `/admin/clients/${client}`, body: { reason: 'test' } }),
  'set client keys': ({ client }) => ({ method: 'PUT', path: `/admin/clients/${client}/keys`, body: { jwks } }),
  'announce key': () => post('/admin/keys'),
  'activate key': ({ kid }) => post(`/admin/keys/${kid}/activate`),
  'withdraw key': ({ kid }) => post(`/admin/keys/${kid}/withdraw`),
}

const userActions: Record<string, Action> = {
  'change password': () => ({
    method: 'PUT',
    path: '/me/password',
    body: { currentPassword: password, newPassword },
  }),
  'change password, keeping sessions': () => ({
    method: 'PUT',
    path: '/me/password',
    body: { currentPassword: password, newPassword, endOthers: false },
  }),
  'guess the password': () => ({
    method: 'PUT',
    path: '/me/password',
    body: { currentPassword: 'a wrong password', newPassword },
  }),
  'end other sessions': () => ({ method: 'DELETE', path: '/sessions?others=true', body: {} }),
  'end a session': ({ actor }) => ({ method: 'DELETE', path: `/sessions/${actor.sessionId}`, body: {} }),
  reauthenticate: () => post('/session/reauthenticate', { password }),
  'guess at the reauthentication': () => post('/session/reauthenticate', { password: 'a wrong password' }),
  'look up a device': ({ userCode }) => post('/device/lookup', { userCode }),
  'approve a device': ({ userCode }) => post('/device/decision', { userCode, approve: true }),
  'deny a device': ({ userCode }) => post('/device/decision', { userCode, approve: false }),
}

interface Operation {
  security?: object[]
}

const codes = ['session-ended', 'account-disabled', 'token-expired', 'insufficient-scope']
const revocations: Record<string, { actions: Record<string, Action>; revoke: (scene: Scene) => Promise<unknown> }> = {
  disabled: {
    actions: { ...adminActions, ...userActions },
    revoke: ({ service, actor }) => service.callAsAdmin(`/admin/users/${actor.id}/disable`, { body: {} }),
  },
  demoted: {
    actions: adminActions,
    revoke: ({ service, actor }) =>
      service.callAsAdmin(`/admin/users/${actor.id}`, {
        method: 'PATCH',
        body: { roles: [] },
        headers: { 'if-match': '*' },
      }),
  },
  'signed out': {
    actions: { ...adminActions, ...userActions },
    revoke: ({ service, actor }) => service.callAsAdmin(`/admin/sessions/${actor.sessionId}/end`, { body: {} }),
  },
}

for (const [state, { actions, revoke }] of Object.entries(revocations)) {
  t.test(
    `actor: an action whose body arrives after its actor was ${state} is refused`,
    { timeout: 120_000 },
    async t => {
      const service = await startWithAdmin(t, settings)
      const { body: announced } = await service.callAsAdmin('/admin/keys', { body: {} })
      const { kid } = (announced as { key: { kid: string } }).key
      const { body: device } = await postForm(service, '/oauth/device_authorization', { client_id: 'television' })
      const { user_code: userCode } = device as { user_code: string }
      const start = async (roles: string[]) => {
        const user = await service.createUser({ roles })
        return { ...user, ...(await service.login(user)) }
      }
      for (const [name, action] of Object.entries(actions)) {
        const actor = await start(['admin'])
        const other = await start([])
        const client = `client-${randomUUID().slice(0, 8)}`
        await service.callAsAdmin('/admin/clients', { body: { id: client, scopes: ['guard'] } })
        const scene = { service, actor, other, client, kid, userCode }
        const finish = await beginSlowRequest(service.url, { ...action(scene), token: actor.accessToken })
        // The hook of the slow request has read its actor by the time that a later request is
        // answered.
        t.equal((await service.call('/me', { token: actor.accessToken })).status, 200)
        t.match(await revoke(scene), { status: 200, body: {} })
        const response = await finish()
        t.ok(codes.includes(response.body?.code ?? ''), `${name}: ${response.status} ${response.body?.code}`)
        const rows = await service.query(
          `SELECT action FROM audit_entries WHERE actor = $1 AND action NOT IN ('admin.denied', 'session.start')`,
          [actor.id],
        )
        t.strictSame(rows, [], `${name}: nothing was done`)
      }
    },
  )
}

t.test('actor: the acts above are all routes that change something with an access token', async t => {
  const service = await startWithAdmin(t)
  const anyUser = { ...service.admin, id: 'x', sessionId: 'x' }
  const scene = { service, actor: anyUser, other: anyUser, client: 'x', kid: 'x', userCode: 'x' }
  const tried = Object.values({ ...adminActions, ...userActions }).map(action => {
    const { method, path } = action(scene)
    return `${method} ${path.split('?', 1)[0]}`
  })
  const { paths } = (await service.call('/openapi.json')).body as { paths: Record<string, Record<string, Operation>> }
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method, { security = [] }]) => method !== 'get' && security.some(kind => 'bearer' in kind))
      .map(([method]) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, 'x')}`),
  )
  t.ok(routes.length > 20, `${routes.length} routes`)
  const unexpected = routes.filter(route => !tried.includes(route))
  t.strictSame(unexpected, [])
})

t.test('actor: creations that wait for a hash when their actor is disabled create no account', async t => {
  const service = await startWithAdmin(t)
  const actor = await service.createUser({ roles: ['admin'] })
  const { accessToken: token } = await service.login(actor)
  const count = async () => (await service.query('SELECT count(*)::int FROM accounts'))[0].count
  const creations = Array.from({ length: 40 }, (_, index) =>
    service.call('/admin/users', { token, body: { email: `queued-${index}@example.org`, password: newPassword } }),
  )
  await Promise.race(creations)
  const { body } = await service.callAsAdmin(`/admin/users/${actor.id}/disable`, { body: {} })
  t.match(body, { inForce: true })
  const accounts = await count()
  const statuses = (await Promise.all(creations)).map(({ status }) => status)
  t.equal(await count(), accounts, `none after the receipt: ${statuses}`)
  t.ok(statuses.includes(403), 'some were refused')
})

t.test('actor: a service client that is deleted before its body arrives is refused', async t => {
  const service = await startWithAdmin(t)
  await createClient(service, 'robot', ['users:write'])
  const token = await clientToken(service, 'robot')
  const request = { ...post('/admin/users', { email: 'late@example.org', password: newPassword }), token }
  const finish = await beginSlowRequest(service.url, request)
  t.equal((await service.call('/me', { token })).status, 403)
  t.match(await service.callAsAdmin('/admin/clients/robot', { method: 'DELETE', body: {} }), { status: 200 })
  t.match(await finish(), { status: 401, body: { code: 'session-ended' } })
})
