/** Foreign software, unmodified, against running services: directly and through the gateway. */
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installOnDemand } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { hasModAuthOpenidc, startApache } from '../../src/foreign/apache.ts'
import { type Place, startForeignSystem } from '../../src/foreign/foreignSystem.ts'
import { forwardAuth, hasHaproxy, startForwardAuth, startHaproxy } from '../../src/foreign/recipes.ts'
import { requireNginx } from '../../src/gateway/nginx.ts'
import type { Tokens } from '../../src/system.ts'

requireNginx((count, why) => t.plan(count, why))

const folder = 'packages/e2e/on-demand'
const tools = await installOnDemand(folder).catch((error: Error) => error)
const { places, certificateFile, system, user } = await startForeignSystem(t)
/** Debian's packages are for Debian's Python only. */
const debianPython = '/usr/bin/python3'
const audience = 'gatehouse'
const robot = await createRobot()

/** `users:read` is what its tokens carry; `introspect` is used with the secret. */
async function createRobot() {
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
  const { accessToken } = await system.login(admin)
  const body = { id: 'robot', scopes: ['users:read', 'introspect'] }
  const created = await system.auths[0]?.call('/admin/clients', { token: accessToken, body })
  return { id: 'robot', secret: ((created?.body ?? {}) as { secret: string }).secret }
}

/** Runs a script that prints one line: for each library "ok", the error, or null when it is missing. */
async function outcomes(place: Place, command: string[]): Promise<Record<string, string | null>> {
  const [program = '', ...args] = command
  const { stdout } = await promisify(execFile)(program, args, {
    env: {
      PATH: process.env['PATH'],
      FOREIGN: JSON.stringify({ ...place, audience, user, robot }),
      NODE_EXTRA_CA_CERTS: certificateFile,
      REQUESTS_CA_BUNDLE: certificateFile,
      SSL_CERT_FILE: certificateFile,
    },
    timeout: 60_000,
  })
  return JSON.parse(stdout)
}

function skipLoudly(t: Test, name: string, why: string): void {
  console.error(`\n*** foreign.test: ${name} SKIPPED: ${why} ***\n`)
  t.pass(name, { skip: why })
}

for (const [name, place] of Object.entries(places)) {
  t.test(`${name}: npm libraries discover, refresh, get own tokens, introspect, revoke and verify`, async t => {
    if (tools instanceof Error) return skipLoudly(t, 'npm libraries', tools.message)
    const found = await outcomes(place, [process.execPath, join(tools, 'clients.mjs')])
    t.equal(Object.keys(found).length, 8)
    for (const [library, outcome] of Object.entries(found)) t.equal(outcome, 'ok', library)
  })

  t.test(`${name}: Python libraries discover, refresh, get own tokens, introspect, revoke and verify`, async t => {
    const script = new URL(`../../../../../${folder}/clients.py`, import.meta.url).pathname
    const found = await outcomes(place, [debianPython, script]).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return {} as Record<string, null>
      throw error
    })
    for (const library of ['Authlib', 'requests-oauthlib', 'PyJWT']) {
      const outcome = found[library] ?? null
      if (outcome === null) skipLoudly(t, library, 'the Debian package is not installed')
      else t.equal(outcome, 'ok', library)
    }
  })
}

// The module refuses http URLs.
t.test("gateway: Apache's mod_auth_openidc verifies with the keys and by introspection", async t => {
  if (!hasModAuthOpenidc) return skipLoudly(t, 'mod_auth_openidc', 'the Debian package is not installed')
  const apache = await startApache({ place: places.gateway, client: robot, certificateFile })
  t.teardown(apache.stop)
  const session = await system.login(user)
  const status = async (url: string, token?: string) =>
    (await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status
  for (const url of [apache.keysUrl, apache.introspectionUrl]) {
    t.equal(await status(url), 401, 'without a token')
    t.equal(await status(url, withOtherSignature(session.accessToken)), 401, 'with an altered token')
    t.equal(await status(url, session.accessToken), 200, apache.log())
  }
  await system.auths[0]?.call('/session', { method: 'DELETE', body: { refreshToken: session.refreshToken } })
  t.equal(await status(apache.introspectionUrl, session.accessToken), 401, 'after log-out')
})

t.test('HAProxy verifies signatures with the recipe of the documentation, and knows of no revocation', async t => {
  if (!hasHaproxy) return skipLoudly(t, 'HAProxy', 'the Debian package is not installed')
  const url = await startHaproxy(t, { issuer: places.gateway.issuer, keys: places.direct.issuer })
  const session = await system.login(user)
  const ask = (token?: string) =>
    fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
  const missing = await ask()
  t.match([missing.status, missing.headers.get('www-authenticate')], [401, 'Bearer realm="gatehouse"'])
  t.match(await (await ask(session.accessToken)).text(), /^the app/)
  const { accessToken: other } = await logInAtDirectIssuer()
  const altered = [withOtherSignature(session.accessToken), withoutSignature(session.accessToken)]
  for (const token of [...altered, other, 'garbage']) {
    const refused = await ask(token)
    t.equal(refused.status, 401)
    t.match(refused.headers.get('www-authenticate'), /error="invalid_token"/)
  }
  await system.auths[0]?.call('/session', { method: 'DELETE', body: { refreshToken: session.refreshToken } })
  t.equal((await ask(session.accessToken)).status, 200, 'as documented: it accepts the token of an ended session')
})

for (const name of ['Caddy', 'nginx'] as const) {
  t.test(`${name} asks the resource service with the recipe of the documentation, and refuses at log-out`, async t => {
    const { command } = forwardAuth[name]
    if (spawnSync(command, [name === 'nginx' ? '-v' : 'version']).status !== 0)
      return skipLoudly(t, name, 'the Debian package is not installed')
    const url = await startForwardAuth(t, name, places.direct.resource)
    const session = await logInAtDirectIssuer()
    const ask = (token?: string) =>
      fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
    t.equal((await ask()).status, 401, 'without a token')
    t.equal((await ask(withOtherSignature(session.accessToken))).status, 401, 'with an altered token')
    const passed = await ask(session.accessToken)
    t.equal(passed.status, 200)
    t.match(await passed.text(), /^the app, for [0-9a-f-]{36}$/)
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ refreshToken: session.refreshToken })
    const ended = await fetch(`${places.direct.issuer}/session`, { method: 'DELETE', headers, body })
    t.equal(ended.status, 204)
    t.equal((await ask(session.accessToken)).status, 401, 'after log-out')
  })
}

async function logInAtDirectIssuer(): Promise<Tokens> {
  const body = JSON.stringify({ ...user, transport: 'body' })
  const headers = { 'content-type': 'application/json' }
  return (await (await fetch(`${places.direct.issuer}/session`, { method: 'POST', headers, body })).json()) as Tokens
}

/** The algorithm `none` (RFC 8725 section 2.1). */
function withoutSignature(token: string): string {
  const [, payload] = token.split('.')
  return `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`
}

/** Not an appended character: the module's library ignores what follows the signature. */
function withOtherSignature(token: string): string {
  return token.replace(/\.([^.])(?=[^.]*$)/, (_all, first: string) => `.${first === 'A' ? 'B' : 'A'}`)
}
