/** `gatehouse login --device`: an admin approves the command line in a browser (RFC 8628). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Clock, systemClock } from '@gatehouse/clock'
import type { SessionTokens } from '@gatehouse/contract'
import t, { type Test } from 'tap'
import { logInByDevice } from '../../src/cli/deviceLogin.ts'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { homeFor } from '../helpers/cli.ts'
import { postForm } from '../helpers/oauthForms.ts'
import { assertProblem, password, renew } from '../helpers/service.ts'
import { claimsOf, effectOf } from '../helpers/tokens.ts'

const entry = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const permitted = { PUBLIC_CLIENTS: 'gatehouse-cli' }

/** An access token of the admin whose log-in is a minute old, and a way to confirm the password. */
async function startWithOldLogin(t: Test) {
  const service = await startWithAdmin(t, permitted)
  const { sessionId, refreshToken } = service.admin
  await service.ageSession(sessionId, 60)
  const renewed = (await renew(service, refreshToken)).body as SessionTokens
  const confirm = async () => {
    const call = { token: renewed.accessToken, body: { password } }
    return ((await service.call('/session/reauthenticate', call)).body as SessionTokens).accessToken
  }
  const decide = (userCode: string, token: string, approve = true) =>
    service.call('/device/decision', { token, body: { userCode, approve } })
  return { ...service, old: renewed.accessToken, confirm, decide }
}

/** @conforms RFC 8628 section 5.4: a log-in of the command line is approved only with the password, after the user has typed the code. */
t.test('login --device: the approval needs the password, and gives a short log-in with the roles', async t => {
  const service = await startWithOldLogin(t)
  const { call, decide, old } = service
  const home = await homeFor(t)
  const run = (...words: string[]) => {
    const env = { PATH: process.env['PATH'], GATEHOUSE_HOME: home, GATEHOUSE_URL: service.url }
    return spawn(process.execPath, [entry, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  }
  const login = run('login', '--device')
  t.teardown(() => login.kill())
  const [shown] = (await once(login.stderr, 'data')) as [Buffer]
  t.match(String(shown), /^Open http:\/\/auth\.test\/account\/device and enter the code [B-Z]{4}-[B-Z]{4}\./)
  const [userCode = ''] = /[B-Z]{4}-[B-Z]{4}/.exec(String(shown)) ?? []

  const device = await call('/device/lookup', { token: old, body: { userCode } })
  t.match(device.body, { client: 'gatehouse-cli', isLogin: true, roles: ['admin'], address: '127.0.0.1' })
  const early = await decide(userCode, old)
  assertProblem(t, early, 'reauthentication-required')
  t.match(early.headers.get('www-authenticate'), /insufficient_user_authentication.*max_age="\d+"/)
  const output = text(login.stdout)
  t.equal((await decide(userCode, await service.confirm())).status, 204)
  t.match(await service.lastAudit('device.approve'), { actor: service.admin.id, detail: { client: 'gatehouse-cli' } })
  t.match(await output, new RegExp(`^Logged in at ${service.url} as ${service.admin.email}`))

  const saved = JSON.parse(await readFile(join(home, 'login.json'), 'utf8')) as Record<string, string>
  const token = saved['accessToken'] ?? ''
  t.match(claimsOf(token), { client_id: 'first-party', roles: ['admin'] })
  const rows = await service.query(
    `SELECT device, remember, expires_at <= now() + interval '12 hours' AS short FROM sessions WHERE id = $1`,
    [claimsOf(token).sid],
  )
  t.strictSame(rows, [{ device: 'Command line, approved with a code', remember: false, short: true }])
  const users = run('users', 'list')
  t.match(await text(users.stdout), service.admin.email)
  const { refreshToken: refresh_token = '' } = saved
  const renewal = { grant_type: 'refresh_token', refresh_token, client_id: 'gatehouse-cli' }
  t.equal((await postForm(service, '/oauth/token', renewal)).status, 200, 'OAuth libraries renew it by either name')
  await once(run('logout'), 'exit')
  t.equal(await effectOf(service, token), 'ended')
})

/** A clock whose waits end at once. */
function fastClock(onSleep: (ms: number) => Promise<unknown>): Clock {
  return { ...systemClock, sleep: async ms => void (await onSleep(ms)) }
}

t.test('login --device: a denied code, and one that ends while the device waits, give no session', async t => {
  const { url, query, decide, old } = await startWithOldLogin(t)
  const attempt = async (onCode: (userCode: string) => Promise<unknown>) => {
    let userCode = ''
    const show = (text: string) => {
      userCode = /[B-Z]{4}-[B-Z]{4}/.exec(text)?.[0] ?? ''
    }
    return logInByDevice({ url, clock: fastClock(() => onCode(userCode)), show })
  }
  const deny = (userCode: string) => decide(userCode, old, false)
  await t.rejects(attempt(deny), { message: /denied/ }, 'a denial needs no password')
  const expire = () => query(`UPDATE device_authorizations SET expires_at = now()`)
  await t.rejects(attempt(expire), { message: /not approved in time/ })
  t.same(await query(`SELECT FROM sessions WHERE device LIKE 'Command line%'`), [])
})

/** @conforms RFC 8628 section 3.5: the command line waits for the interval, and 5 s longer after `slow_down`. */
t.test('login --device: polls at the interval, and slower when the service asks for it', async t => {
  const service = await startWithOldLogin(t)
  const waits: number[] = []
  const token = await service.confirm()
  let userCode = ''
  const clock = fastClock(async ms => {
    waits.push(ms)
    if (waits.length === 4) await service.decide(userCode, token)
    // The second poll comes too early.
    if (waits.length === 2) return
    await service.query(`UPDATE device_authorizations SET polled_at = polled_at - interval '1 minute'`)
  })
  const show = (text: string) => {
    userCode = /[B-Z]{4}-[B-Z]{4}/.exec(text)?.[0] ?? ''
  }
  t.match(await logInByDevice({ url: service.url, clock, show }), { refresh_token: /^ghr_/ })
  t.strictSame(waits, [5000, 5000, 10_000, 10_000])
})

t.test('login --device: a service that does not permit it, and one that is away, are named', async t => {
  const service = await startWithAdmin(t)
  const clock = fastClock(async () => undefined)
  const show = () => t.fail('no code')
  const message = /PUBLIC_CLIENTS must list gatehouse-cli/
  await t.rejects(logInByDevice({ url: service.url, clock, show }), { message })
  await t.rejects(logInByDevice({ url: 'http://127.0.0.1:9', clock, show }), { message: /cannot be reached/ })
  const begun = await postForm(service, '/oauth/device_authorization', { client_id: 'gatehouse-cli' })
  t.match(begun.body, { error: 'invalid_client' })
  const body = { id: 'gatehouse-cli', scopes: ['guard'] }
  assertProblem(t, await service.callAsAdmin('/admin/clients', { body }), 'request-malformed')
})
