/** A replica that dies during a request: the gateway repeats idempotent requests at the next. */
import { randomUUID } from 'node:crypto'
import { codeOf, type HttpResponse, until } from '@gatehouse/testkit'
import t from 'tap'
import { requireNginx } from '../../src/gateway/nginx.ts'
import { startProtectedSystem } from '../../src/gateway/protectedSystem.ts'
import type { RequestOptions } from '../../src/gateway/rawClient.ts'

requireNginx((count, why) => t.plan(count, why))

const { system, send } = await startProtectedSystem(t, { LEASE_MS: '6000', POLL_HOLD_MS: '1000' })

/** A frozen guard delays the barrier: the replica dies after the commit, before its answer. */
async function killDuringRequest(request: RequestOptions, endedToken: string): Promise<HttpResponse> {
  const id = randomUUID()
  const pattern = new RegExp(`"reqId":"${id}".*incoming request`)
  const [guard] = system.resources
  guard?.freeze()
  try {
    const answer = send({ ...request, headers: { ...request.headers, 'x-request-id': id } })
    const victim = await Promise.any(system.auths.map(auth => auth.logged(pattern).then(() => auth)))
    const survivor = system.auths.find(auth => auth !== victim)
    await until(async () => (await survivor?.call('/me', { token: endedToken }))?.status === 401)
    await victim.kill()
    const response = await answer
    system.auths.splice(system.auths.indexOf(victim), 1)
    await system.addAuth({ port: Number(new URL(victim.url).port) })
    return response
  } finally {
    guard?.thaw()
  }
}

t.test('retry: a repeated change of password answers 200 when the first replica died after the commit', async t => {
  const user = await system.createAccount('ada@example.org')
  const [here, other] = [await system.login(user), await system.login(user)]
  const newPassword = 'four words that are hard to guess'
  const body = { currentPassword: user.password, newPassword }
  const headers = { 'idempotency-key': randomUUID() }
  const change = { path: '/auth/me/password', method: 'PUT', token: here.accessToken, body, headers }
  const answer = await killDuringRequest(change, other.accessToken)
  t.match(answer, { status: 200, body: { inForce: true } })
  t.ok(await system.login({ ...user, password: newPassword }))
})

t.test('retry: a repeated end of session and a repeated log-out succeed', async t => {
  const user = await system.createAccount('bob@example.org')
  const [here, other] = [await system.login(user), await system.login(user)]
  const request = { method: 'DELETE', token: here.accessToken }
  const ended = await killDuringRequest({ ...request, path: `/auth/sessions/${other.sessionId}` }, other.accessToken)
  t.match(ended, { status: 200, body: { inForce: true } })
  const out = await killDuringRequest({ ...request, path: '/auth/session' }, here.accessToken)
  t.equal(out.status, 204)
})

t.test('retry: the gateway does not repeat a POST, and answers 502', async t => {
  const adminTokens = await system.login(await system.createAccount('chief@example.org', { roles: ['admin'] }))
  const { accessToken, sessionId } = await system.login(await system.createAccount('eve@example.org'))
  const path = `/auth/admin/sessions/${sessionId}/end`
  const ending = { path, method: 'POST', token: adminTokens.accessToken, body: {} }
  const answer = await killDuringRequest(ending, accessToken)
  t.equal(answer.status, 502)
  t.equal(codeOf(answer), 'unavailable')
})

t.test('retry: with one replica down, the other serves every method', async t => {
  const user = await system.createAccount('kim@example.org')
  const { accessToken: token } = await system.login(user)
  const [first, survivor] = system.auths
  await first?.kill()
  for (let times = 0; times < 4; times += 1) {
    const { sessionId } = await system.login(user, survivor)
    t.equal((await send({ path: `/auth/sessions/${sessionId}`, method: 'DELETE', token })).status, 200)
    t.equal((await send({ path: '/auth/me', token })).status, 200)
    const body = { currentPassword: 'not my password', newPassword: 'four words that are hard to guess' }
    t.equal(codeOf(await send({ path: '/auth/me/password', method: 'PUT', token, body })), 'password-wrong')
  }
})
