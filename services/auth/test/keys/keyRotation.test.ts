/** Keys over the feed: announce, activate, withdraw, with real guards and replicas. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyView, Receipt } from '@gatehouse/contract'
import type { Caller } from '@gatehouse/guard-core'
import { type Call, eventTimeoutMs } from '@gatehouse/testkit'
import t from 'tap'
import { createKeyEncryption } from '../../src/keys/keyEncryption.ts'
import { generateSigningKey } from '../../src/keys/signingKeys.ts'
import { listSigningKeys } from '../../src/store/signingKeys.ts'
import { type AdminClient, startWithAdmin } from '../helpers/adminClient.ts'
import { decide, requestWith, rule, startGuard, testGuard } from '../helpers/feedGuard.ts'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, password, startService } from '../helpers/service.ts'
import { headerOf } from '../helpers/tokens.ts'

const keyEncryption = { KEY_ENCRYPTION_KEYS: `1:${randomBytes(32).toString('hex')}` }
async function announce(call: Call): Promise<{ key: KeyView; announcement: Receipt }> {
  const { status, body } = await call('/admin/keys', { method: 'POST', body: {} })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body as { key: KeyView; announcement: Receipt }
}

const activate = (call: Call, kid: string) => call(`/admin/keys/${kid}/activate`, { body: {} })
const withdraw = (call: Call, kid: string) => call(`/admin/keys/${kid}/withdraw`, { body: {} })

/** Logs in at a replica until it signs with the key: the replica learns of it by a notification. */
async function loginSignedBy(kid: string, call: Call, email: string): Promise<string> {
  const deadline = Date.now() + eventTimeoutMs
  for (;;) {
    const { body } = await call('/session', { body: { email, password, transport: 'body' } })
    const { accessToken } = body as { accessToken: string }
    if (headerOf(accessToken)['kid'] === kid) return accessToken
    if (Date.now() > deadline) throw new Error('the replica goes on to sign with the old key')
  }
}

t.test('keys: a rotation without a restart refuses no token, and a withdrawal refuses all of the old key', async t => {
  const service = await startWithAdmin(t, keyEncryption)
  const other = await startReplica(t, service)
  const guard = await startGuard(t, service)
  const user = await service.createUser()
  const before = await service.login(user)
  t.equal(await decide(guard, before.accessToken), 'pass')
  const oldKid = String(headerOf(before.accessToken)['kid'])

  const { key, announcement } = await announce(service.callAsAdmin)
  t.match(announcement, { kind: 'key', subject: key.kid, effect: 'announced', inForce: true })
  t.match(key, { state: 'announced', stored: 'database', guards: [{ holds: true }] })
  t.equal(headerOf((await service.login(user)).accessToken)['kid'], oldKid, 'an announced key signs nothing')

  t.equal((await activate(service.callAsAdmin, key.kid)).status, 200)
  const fresh = await loginSignedBy(key.kid, other.call, user.email)
  t.equal(await decide(guard, fresh), 'pass', 'the guard holds the key without a restart')
  t.equal(await decide(guard, before.accessToken), 'pass', 'the retired key still verifies')
  t.equal((await service.call('/me', { token: fresh })).status, 200)
  assertProblem(t, await withdraw(service.callAsAdmin, key.kid), 'conflict')

  const admin = await loginSignedBy(key.kid, service.call, service.admin.email)
  const closed = new Promise(resolve => {
    const caller = guard.check(requestWith(before.accessToken), rule) as Caller
    guard.trackStream(caller, resolve)
  })
  const withdrawn = await service.call(`/admin/keys/${oldKid}/withdraw`, { token: admin, body: {} })
  t.match(withdrawn.body, { kind: 'key', subject: oldKid, effect: 'withdrawn', inForce: true })
  t.equal(await decide(guard, before.accessToken), 'token-invalid')
  t.equal(await closed, 'token-invalid', 'the open stream is closed before the guard acknowledges')
  for (const { call } of [service, other])
    assertProblem(t, await call('/me', { token: before.accessToken }), 'token-invalid')
  t.equal(await decide(guard, fresh), 'pass')
  const { keys } = (await service.call('/admin/keys', { token: admin })).body as { keys: KeyView[] }
  const states = keys.map(({ state }) => state)
  t.same(states, ['active', 'withdrawn'])
})

t.test('keys: a withdrawn key stays refused by a guard that has it in a file', async t => {
  const service = await startWithAdmin(t, keyEncryption)
  const { accessToken } = await service.login(await service.createUser())
  const [{ publicPem: publicKey } = { publicPem: '' }] = await listSigningKeys(service.database.prisma)
  const oldKid = String(headerOf(accessToken)['kid'])
  const { key } = await announce(service.callAsAdmin)
  await activate(service.callAsAdmin, key.kid)
  const admin = await loginSignedBy(key.kid, service.call, service.admin.email)
  await service.call(`/admin/keys/${oldKid}/withdraw`, { token: admin, body: {} })
  const guard = await startGuard(t, service, { publicKey })
  t.equal(await decide(guard, accessToken), 'token-invalid')
  t.equal(await decide(guard, admin), 'pass', 'the new key comes with the feed')
})

t.test('keys: no key signs before every live guard holds it', async t => {
  const service = await startWithAdmin(t, { ...keyEncryption, LEASE_MS: '20000', POLL_HOLD_MS: '500' })
  const slow = testGuard(service)
  const { feedId, after } = await slow.start()
  const announced = service.callAsAdmin('/admin/keys', { body: {}, headers: { prefer: 'wait=0' } })
  const { status, body } = await announced
  t.equal(status, 202)
  const { key } = body as { key: KeyView }
  t.match(key, { state: 'announced', guards: [{ holds: false }] })
  const now = { body: {}, headers: { prefer: 'wait=0' } }
  assertProblem(t, await service.callAsAdmin(`/admin/keys/${key.kid}/activate`, now), 'unavailable')

  const activation = activate(service.callAsAdmin, key.kid)
  const page = await slow.pollAccepted({ feedId, after })
  t.match(page.entries.at(-1), { kind: 'key', effect: 'announced', key: { kid: key.kid, kty: 'EC' } })
  const next = slow.pollAccepted({ feedId, after: page.head })
  t.equal((await activation).status, 200, 'the acknowledgement lets the key sign')
  await next
})

t.test('keys: bad input is refused and changes nothing', async t => {
  const service = await startWithAdmin(t)
  const withoutEncryption = await service.callAsAdmin('/admin/keys', { body: {} })
  assertProblem(t, withoutEncryption, 'conflict')
  t.match(withoutEncryption.body, { detail: /KEY_ENCRYPTION_KEYS is not set/ }, 'the response says why')
  assertProblem(t, await service.callAsAdmin('/admin/keys', { body: { algorithm: 'HS256' } }), 'request-malformed')
  assertProblem(t, await activate(service.callAsAdmin, 'short'), 'request-malformed')
  assertProblem(t, await activate(service.callAsAdmin, 'x'.repeat(43)), 'not-found')
  assertProblem(t, await withdraw(service.callAsAdmin, 'x'.repeat(43)), 'not-found')
  const user = await service.login(await service.createUser())
  assertProblem(t, await service.call('/admin/keys', { token: user.accessToken }), 'insufficient-scope')
  t.equal((await listSigningKeys(service.database.prisma)).length, 1)
})

t.test('keys: without SIGNING_KEY the first replica creates a key, and all replicas share it', async t => {
  const service = await startService(t, { ...keyEncryption, SIGNING_KEY: '' })
  const other = await startReplica(t, service)
  const user = await service.createUser()
  const { accessToken } = await service.login(user)
  t.equal((await other.call('/me', { token: accessToken })).status, 200)
  const { body } = await other.call('/session', { body: { email: user.email, password, transport: 'body' } })
  t.equal(headerOf((body as { accessToken: string }).accessToken)['kid'], headerOf(accessToken)['kid'])
  const [stored] = await listSigningKeys(service.database.prisma)
  t.notOk(Buffer.from(stored?.sealedPrivateKey ?? []).includes('PRIVATE'))
  t.equal((await listSigningKeys(service.database.prisma)).length, 1)
})

t.test('keys: two replicas that start at once on an empty database create one key', async t => {
  const service = await startService(t, { ...keyEncryption, SIGNING_KEY: '' })
  const replicas = await Promise.all([1, 2, 3].map(() => startReplica(t, service)))
  for (const { call } of replicas) t.equal((await call('/readyz')).status, 200)
  t.equal((await listSigningKeys(service.database.prisma)).length, 1)
})

t.test('keys: a key appended to SIGNING_KEY is announced at the start, and signs once it is activated', async t => {
  const service = await startWithAdmin(t)
  const guard = await startGuard(t, service)
  const { privateKey } = generateKeyPairSync('ed25519')
  const appended = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const SIGNING_KEY = `${service.environment['SIGNING_KEY']}${appended}`
  const replica = await startReplica(t, service, { SIGNING_KEY })
  const token = await loginSignedBy(await activeKid(service), replica.call, service.admin.email)
  const { keys } = (await replica.call('/admin/keys', { token })).body as { keys: KeyView[] }
  t.match(keys, [
    { state: 'active', stored: 'file' },
    { state: 'announced', stored: 'file', algorithm: 'EdDSA' },
  ])
  const { kid = '' } = keys[1] ?? {}
  assertProblem(t, await activate(service.callAsAdmin, kid), 'conflict')
  t.equal((await replica.call(`/admin/keys/${kid}/activate`, { token, body: {} })).status, 200)
  const fresh = await loginSignedBy(kid, replica.call, service.admin.email)
  t.equal(headerOf(fresh)['alg'], 'EdDSA')
  t.equal(await decide(guard, fresh), 'pass')
  t.equal(await decide(guard, token), 'pass')
})

async function activeKid({ database }: AdminClient): Promise<string> {
  const keys = await listSigningKeys(database.prisma)
  return keys.find(({ state }) => state === 'active')?.kid ?? ''
}

t.test('readyz: a replica without the active private key is not ready and signs nothing', async t => {
  const service = await startService(t)
  const user = await service.createUser()
  await service.login(user)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const other = await startReplica(t, service, { SIGNING_KEY: pem })
  t.equal((await other.call('/readyz')).status, 503)
  const body = { email: user.email, password, transport: 'body' }
  assertProblem(t, await other.call('/session', { body }), 'unavailable')
  t.equal((await service.call('/readyz')).status, 200)
})

t.test('createKeyEncryption: opens what it sealed, and nothing altered or of another key', t => {
  const key = generateSigningKey('ES256')
  const encryption = createKeyEncryption(`1:${'ab'.repeat(32)}`)
  const sealed = encryption.seal(key.privateKey, key.kid)
  t.ok(encryption.open(sealed, key.kid)?.equals(key.privateKey))
  t.equal(encryption.open(sealed, 'another'), undefined)
  t.equal(encryption.open(sealed.subarray(0, 20), key.kid), undefined)
  for (const index of [0, 5, 40, sealed.length - 1]) {
    const altered = Buffer.from(sealed)
    altered[index] = (altered[index] ?? 0) ^ 1
    t.equal(encryption.open(altered, key.kid), undefined)
  }
  const rotated = createKeyEncryption(`2:${'cd'.repeat(32)},1:${'ab'.repeat(32)}`)
  t.ok(rotated.open(sealed, key.kid), 'a ring opens what an older key sealed')
  t.equal(createKeyEncryption(`1:${'cd'.repeat(32)}`).open(sealed, key.kid), undefined)
  t.throws(() => createKeyEncryption(`1:${'ab'.repeat(32)},1:${'cd'.repeat(32)}`), /each id once/)
  t.end()
})
