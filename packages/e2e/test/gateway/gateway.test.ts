/** The shipped gateway in front of two auth and two resource processes. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'
import { codeOf, type HttpResponse, until } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { requireNginx, startGateway } from '../../src/gateway/nginx.ts'
import { type Echo, startProtectedSystem } from '../../src/gateway/protectedSystem.ts'
import { open } from '../../src/gateway/rawClient.ts'
import { clientSecret, password, type Tokens } from '../../src/system.ts'

requireNginx((count, why) => t.plan(count, why))

const tour = fileURLToPath(new URL('../../../../devstack/dist/src/tourMain.js', import.meta.url))
const protectedSystem = await startProtectedSystem(t, { ACCESS_TOKEN_SECONDS: '5' })
const { system, gateway, send } = protectedSystem
const admin = await system.createAccount('admin@example.org', { roles: ['admin'], scopes: ['storage:restricted'] })
const user = await system.createAccount('ada@example.org')

function assertProblem(t: Test, answer: HttpResponse, code: ProblemCode): void {
  t.equal(codeOf(answer), code)
  t.equal(answer.status, problemDefinition(code).status)
  t.equal(answer.headers.get('content-type'), 'application/problem+json')
}

async function login(credentials = user): Promise<Tokens> {
  const { body } = await send({ path: '/auth/session', body: { ...credentials, transport: 'body' } })
  return body as Tokens
}

t.test('gateway: the tour succeeds through one origin', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tour-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const credentials = { authUrl: `${gateway.url}/auth`, resourceUrl: `${gateway.url}/api`, admin, user }
  writeFileSync(join(folder, 'credentials.json'), JSON.stringify(credentials))
  const env = { ...process.env, GATEHOUSE_DATA: folder }
  const { stdout } = await promisify(execFile)(process.execPath, [tour], { env })
  t.match(stdout, /That was the tour\.\n$/)
})

t.test('gateway: the refresh cookie is valid for renewal and log-out only', async t => {
  const begun = await send({ path: '/auth/session', body: { ...user, transport: 'cookie' } })
  const cookie = begun.headers.get('set-cookie') ?? ''
  t.match(cookie, /; Path=\/auth\/session;/)
  const headers = { cookie: cookie.split(';')[0] ?? '', origin: gateway.url }
  const renewed = await send({ path: '/auth/session/renew', method: 'POST', headers })
  t.equal(renewed.status, 200)
  const foreign = { ...headers, origin: 'http://evil.example' }
  const refused = await send({ path: '/auth/session/renew', method: 'POST', headers: foreign })
  assertProblem(t, refused, 'origin-refused')
  const next = { cookie: (renewed.headers.get('set-cookie') ?? '').split(';')[0] ?? '', origin: gateway.url }
  t.equal((await send({ path: '/auth/session', method: 'DELETE', headers: next })).status, 204)
})

t.test('gateway: serves metadata and keys at every location of an issuer with a path', async t => {
  for (const path of [
    '/.well-known/oauth-authorization-server/auth',
    '/.well-known/openid-configuration/auth',
    '/auth/.well-known/oauth-authorization-server',
    '/auth/.well-known/openid-configuration',
  ]) {
    const { body } = await send({ path })
    const { issuer, jwks_uri } = body as { issuer: string; jwks_uri: string }
    t.equal(issuer, `${gateway.url}/auth`, path)
    const keys = await send({ path: new URL(jwks_uri).pathname })
    t.match(keys.body, { keys: [{ kty: 'EC' }] })
  }
})

t.test('gateway: passes the identity to a protected upstream in headers, and removes the token', async t => {
  const { accessToken } = await login()
  const { body: me } = await send({ path: '/auth/me', token: accessToken })
  const passed = await send({ path: '/example/a/b%20c?d=e', token: accessToken, body: { some: 'thing' } })
  t.equal(passed.status, 200)
  const { method, path, headers, body } = passed.body as Echo
  t.same({ method, path, body }, { method: 'POST', path: '/a/b%20c?d=e', body: '{"some":"thing"}' })
  t.equal(headers['x-auth-subject'], (me as { id: string }).id)
  t.notOk(headers.authorization, 'the upstream gets no token')
  t.equal(headers['x-request-id'], passed.headers.get('x-request-id'))
})

t.test('gateway: the client of a protected upstream receives the problem from /verify', async t => {
  const missing = await send({ path: '/example/' })
  assertProblem(t, missing, 'token-missing')
  t.match(missing.headers.get('www-authenticate'), /^Bearer realm="[^"]*"$/, 'one challenge')
  assertProblem(t, await send({ path: '/example/', token: 'nonsense' }), 'token-invalid')
  const twice = { authorization: ['Bearer a', 'Bearer b'] }
  assertProblem(t, await send({ path: '/example/', headers: twice }), 'request-malformed')

  const { accessToken, sessionId } = await login()
  const adminTokens = await login(admin)
  await send({ path: `/auth/admin/sessions/${sessionId}/end`, token: adminTokens.accessToken, body: {} })
  assertProblem(t, await send({ path: '/example/', method: 'DELETE', token: accessToken }), 'session-ended')
})

t.test('gateway: passes an event stream unbuffered, which ends with the session', async t => {
  const { accessToken, sessionId } = await login()
  const adminTokens = await login(admin)
  const stream = await open(gateway.url, { path: '/api/storage/events', token: accessToken })
  const events = stream.setEncoding('utf8')[Symbol.asyncIterator]()
  t.match((await events.next()).value, /^event: open/)
  await send({ path: `/auth/admin/sessions/${sessionId}/end`, token: adminTokens.accessToken, body: {} })
  t.match((await events.next()).value, /^event: closed\ndata: {"code":"session-ended"}/)
})

t.test("gateway: keeps a well-formed request id of the client, which appears in the service's log", async t => {
  const response = await send({ path: '/auth/me', headers: { 'x-request-id': 'from-the-client.1' } })
  t.equal(response.headers.get('x-request-id'), 'from-the-client.1')
  t.equal((response.body as { requestId: string }).requestId, 'from-the-client.1')
  const replaced = await send({ path: '/auth/me', headers: { 'x-request-id': '"}{"level":60' } })
  t.match(replaced.headers.get('x-request-id'), /^[0-9a-f]{32}$/)
  t.equal((replaced.body as { requestId: string }).requestId, replaced.headers.get('x-request-id'))
  await until(async () => system.auths.some(({ logs }) => logs.some(line => line.includes('from-the-client.1'))))
})

t.test('gateway: no log of gateway or services contains a secret', async t => {
  const { accessToken, refreshToken } = await login()
  await send({ path: '/auth/session/renew', body: { refreshToken } })
  await send({ path: `/api/storage?access_token=${accessToken}` })
  await send({ path: `/auth/sessions/${refreshToken}`, method: 'DELETE', token: accessToken })
  await send({ path: '/example/', token: `${accessToken}x`, headers: { cookie: `__Secure-gatehouse=${refreshToken}` } })
  await send({ path: `/api/${refreshToken}`, headers: { authorization: `Basic ${refreshToken}` } })
  await send({ path: '/auth/session', body: { email: password, password: refreshToken } })
  const services = [...system.auths, ...system.resources].flatMap(({ logs }) => logs)
  t.match(services.join(), 'request completed', 'requests are logged')
  const all = [gateway.log(), ...services].join('\n')
  for (const secret of [accessToken, refreshToken, password, clientSecret]) t.notOk(all.includes(secret))
})

t.test('gateway: serves the page of users, and the console only with PUBLISH_CONSOLE', async t => {
  const moved = await send({ path: '/account' })
  t.equal(moved.status, 302)
  t.equal(moved.headers.get('location'), '/auth/account')
  const account = await send({ path: '/auth/account' })
  t.equal(account.status, 200)
  t.match(account.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'/)
  const console = ['', '/users', '/assets/x.js'].map(path => `/auth/console${path}`)
  for (const path of [...console, '/auth/CONSOLE', '/console']) t.equal((await send({ path })).status, 404, path)

  const hosts = (services: { url: string }[]) => services.map(({ url }) => new URL(url).host)
  const addresses = { auths: hosts(system.auths), resources: hosts(system.resources) }
  const published = await startGateway({ ...addresses, hasConsole: true })
  t.teardown(published.stop)
  const page = await fetch(`${published.url}/auth/console/users/7`)
  t.equal(page.status, 200)
  const [, script = ''] = /src="([^"]+)"/.exec(await page.text()) ?? []
  t.equal((await fetch(new URL(script, page.url))).status, 200, 'the page finds its script below the prefix')
})
