/** Runs the code of the README, of the tutorial and of the guard for Python. */
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  codeOf,
  exampleOf,
  freePort,
  httpClient,
  requirePython,
  startProcess,
  startProgram,
  until,
} from '@gatehouse/testkit'
import t from 'tap'
import { clientSecret, systemOf, type Tokens } from '../src/system.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

t.test('README: the integration example guards a service', async t => {
  const system = await systemOf(t)
  const code = exampleOf(`${root}README.md`, 'guard')
  const entry = `${root}packages/e2e/dist/readme-${process.pid}.mjs`
  const port = String(await freePort())
  writeFileSync(entry, `${code}\nconsole.log('the code ran')\n`)
  const env = { AUTH_URL: system.issuer, CLIENT_ID: 'resource', CLIENT_SECRET: clientSecret, PORT: port }
  const warehouse = await startProcess({ entry, env, readyWhen: /the code ran/ })
  t.teardown(async () => {
    await warehouse.stop()
    rmSync(entry)
  })

  const call = httpClient(`http://localhost:${port}`)
  const user = await system.createAccount('ada@example.org')
  const { accessToken } = await system.login(user)
  t.equal(codeOf(await call('/storage')), 'token-missing')
  await until(async () => (await call('/storage', { token: accessToken })).status === 200)
  t.equal(codeOf(await call('/storage/restricted', { token: accessToken })), 'insufficient-scope')
})

t.test('README: the browser example logs in, and renews after a reload', async t => {
  const system = await systemOf(t, { resources: 1 })
  const file = `${root}packages/e2e/dist/readme-browser-${process.pid}.mjs`
  const realFetch = globalThis.fetch
  t.teardown(async () => {
    globalThis.fetch = realFetch
    rmSync(file, { force: true })
  })
  writeFileSync(file, exampleOf(`${root}README.md`, 'browser'))
  globalThis.fetch = gatewayFetch(realFetch, { auth: system.issuer, api: system.resources[0]?.url ?? '' })

  const { email, password } = await system.createAccount('ada@example.org')
  const page = (await import(`${file}?load=1`)) as Page
  await t.rejects(page.logIn(email, 'a wrong password'))
  await page.logIn(email, password)
  t.equal((await page.api('/storage')).status, 200)
  const reloaded = (await import(`${file}?load=2`)) as Page
  t.equal((await reloaded.api('/storage')).status, 200)
  t.equal((await reloaded.api('/storage/restricted')).status, 403)
})

t.test('tutorial: the service answers each call as the page says', async t => {
  const system = await systemOf(t)
  const [auth] = system.auths
  if (auth === undefined) throw new Error('no auth replica')
  const admin = await system.login(await system.createAccount('admin@example.org', { roles: ['admin'] }))
  const asAdmin = (path: string, options: object) => auth.call(path, { token: admin.accessToken, ...options })
  const client = await asAdmin('/admin/clients', { body: { id: 'notes', scopes: ['guard'] } })
  const { secret = '' } = client.body as { secret?: string }
  const entry = `${root}packages/e2e/dist/tutorial-${process.pid}.mjs`
  const port = String(await freePort())
  writeFileSync(entry, exampleOf(`${root}docs/tutorial.md`, 'tutorial'))
  const env = { AUTH_URL: system.issuer, CLIENT_SECRET: secret, PORT: port }
  const notes = await startProcess({ entry, env, readyWhen: /listening/ })
  t.teardown(async () => {
    await notes.stop()
    rmSync(entry)
  })

  const call = httpClient(`http://localhost:${port}`)
  t.equal((await call('/healthz')).status, 200)
  t.equal(codeOf(await call('/notes')), 'token-missing')
  const first = await system.login(await system.createAccount('ada@example.org'))
  await until(async () => (await call('/notes', { token: first.accessToken })).status === 200)
  const note = { body: { text: 'buy milk' } }
  t.equal(codeOf(await call('/notes', { token: first.accessToken, ...note })), 'insufficient-scope')

  const ada = (await auth.call('/me', { token: first.accessToken })).body as { id: string }
  const setScopes = async (scopes: string[]) => {
    const { headers } = await asAdmin(`/admin/users/${ada.id}`, {})
    const ifMatch = { 'if-match': String(headers.get('etag')) }
    await asAdmin(`/admin/users/${ada.id}`, { method: 'PATCH', body: { scopes }, headers: ifMatch })
  }
  const renew = async ({ refreshToken }: { refreshToken: string }) =>
    (await auth.call('/session/renew', { body: { refreshToken } })).body as Tokens
  await setScopes(['notes:write'])
  const second = await renew(first)
  t.equal((await call('/notes', { token: second.accessToken, ...note })).status, 201)
  await setScopes([])
  t.equal(codeOf(await call('/notes', { token: second.accessToken })), 'token-expired')
  const { accessToken } = await renew(second)
  t.equal((await call('/notes', { token: accessToken })).status, 200)

  const { body: receipt } = await asAdmin(`/admin/users/${ada.id}/sessions/end`, { body: {} })
  t.match(receipt, { inForce: true, guards: [{ name: 'notes-1', acknowledgedAt: String }] })
  t.equal(codeOf(await call('/notes', { token: accessToken })), 'session-ended')
})

/** What the README of the Python guard imports as the application: it answers who the caller is. */
const pythonApplication = `
import json

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    caller = scope.get("caller")
    await send({"type": "http.response.body", "body": json.dumps(caller and caller.id).encode()})
`
const { python, options } = requirePython()

t.test('README of the Python guard: the code guards an application until its session ends', options, async t => {
  const system = await systemOf(t)
  const guardFolder = `${root}guards/python`
  const folder = t.testdir({
    'warehouse.py': pythonApplication,
    'guarded.py': exampleOf(`${guardFolder}/README.md`, 'python'),
  })
  const port = await freePort()
  const { stop } = await startProgram({
    command: python,
    args: ['-m', 'uvicorn', 'guarded:app', '--port', String(port)],
    port,
    env: {
      ...process.env,
      PYTHONPATH: `${guardFolder}:${folder}`,
      PYTHONDONTWRITEBYTECODE: '1',
      AUTH_URL: system.issuer,
      CLIENT_ID: 'resource',
      CLIENT_SECRET: clientSecret,
    },
    cleanUp: () => undefined,
  })
  t.teardown(stop)

  const call = httpClient(`http://127.0.0.1:${port}`)
  const { accessToken: token, refreshToken } = await system.login(await system.createAccount('ada@example.org'))
  t.equal(codeOf(await call('/')), 'token-missing')
  await until(async () => (await call('/', { token })).status === 200)
  t.match((await call('/', { token })).body, /^[0-9a-f-]{36}$/)
  t.equal((await call('/livez')).status, 200)
  t.equal(codeOf(await call('/restricted', { token })), 'insufficient-scope')
  const ended = await system.auths[0]?.call('/session', { method: 'DELETE', body: { refreshToken } })
  t.equal(ended?.status, 204)
  t.equal(codeOf(await call('/', { token })), 'session-ended')
})

interface Page {
  logIn: (email: string, password: string) => Promise<void>
  api: (path: string) => Promise<Response>
}

/** What the gateway and a browser do: prefixes lead to the services, and the cookie is kept. */
function gatewayFetch(realFetch: typeof fetch, services: { auth: string; api: string }): typeof fetch {
  let cookie = ''
  return async (input, init) => {
    const [, service = '', path = ''] = /^\/(auth|api)(\/.*)$/.exec(String(input)) ?? []
    const headers = { ...(init?.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) }
    const response = await realFetch(`${services[service as 'auth' | 'api']}${path}`, { ...init, headers })
    const [set] = response.headers.getSetCookie()
    if (set !== undefined) cookie = set.split(';')[0] ?? ''
    return response
  }
}
