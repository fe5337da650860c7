/** A replica that dies under a request: what may be asked twice is asked of the next one, and answers as the first time. */
import { randomUUID } from 'node:crypto'
import { codeOf, type HttpResponse } from '@gatehouse/testkit'
import t from 'tap'
import { needNginx } from '../../src/gateway/nginx.ts'
import { behindGateway } from '../../src/gateway/protectedSystem.ts'
import type { Sending } from '../../src/gateway/rawClient.ts'
import { until } from '../../src/system.ts'

needNginx((count, why) => t.plan(count, why))

const stage = await behindGateway({ LEASE_MS: '6000', POLL_HOLD_MS: '1000' })
const { system, send } = stage
t.teardown(stage.stop)

/** While a guard is frozen, whatever revokes has been done and is waited for: time to kill who waits. */
async function killedUnder(sending: Sending, endedToken: string): Promise<HttpResponse> {
  const id = randomUUID()
  const heard = new RegExp(`"reqId":"${id}".*incoming request`)
  const [guard] = system.resources
  guard?.freeze()
  try {
    const answer = send({ ...sending, headers: { 'x-request-id': id } })
    const victim = await Promise.any(system.auths.map(auth => auth.logged(heard).then(() => auth)))
    const survivor = system.auths.find(auth => auth !== victim)
    await until(async () => (await survivor?.call('/me', { token: endedToken }))?.status === 401)
    await victim.kill()
    const given = await answer
    system.auths.splice(system.auths.indexOf(victim), 1)
    await system.addAuth({ port: Number(new URL(victim.url).port) })
    return given
  } finally {
    guard?.thaw()
  }
}

t.test('a password that was changed when its replica died is not called wrong', async t => {
  const person = await system.createAccount('ada@example.org')
  const [here, other] = [await system.login(person), await system.login(person)]
  const newPassword = 'four words that nobody guesses'
  const body = { currentPassword: person.password, newPassword }
  const answer = await killedUnder(
    { path: '/auth/me/password', method: 'PUT', token: here.accessToken, body },
    other.accessToken,
  )
  t.match(answer, { status: 200, body: { inForce: true } })
  t.ok(await system.login({ ...person, password: newPassword }))
})

t.test('a session that was ended when its replica died is not called missing, and a log-out no failure', async t => {
  const person = await system.createAccount('bob@example.org')
  const [here, other] = [await system.login(person), await system.login(person)]
  const sending = { method: 'DELETE', token: here.accessToken }
  const ended = await killedUnder({ ...sending, path: `/auth/sessions/${other.sessionId}` }, other.accessToken)
  t.match(ended, { status: 200, body: { inForce: true } })
  const out = await killedUnder({ ...sending, path: '/auth/session' }, here.accessToken)
  t.equal(out.status, 204)
})

t.test('what is sent by POST is not sent again: the answer is that nobody knows', async t => {
  const boss = await system.login(await system.createAccount('boss@example.org', ['--role', 'admin']))
  const { accessToken, sessionId } = await system.login(await system.createAccount('eve@example.org'))
  const path = `/auth/admin/sessions/${sessionId}/end`
  const answer = await killedUnder({ path, method: 'POST', token: boss.accessToken, body: {} }, accessToken)
  t.equal(answer.status, 502)
  t.equal(codeOf(answer), 'unavailable')
})

t.test('with one replica gone, every method is served by the other', async t => {
  const person = await system.createAccount('kim@example.org')
  const { accessToken: token } = await system.login(person)
  const [first, living] = system.auths
  await first?.kill()
  for (let times = 0; times < 4; times += 1) {
    const { sessionId } = await system.login(person, living)
    t.equal((await send({ path: `/auth/sessions/${sessionId}`, method: 'DELETE', token })).status, 200)
    t.equal((await send({ path: '/auth/me', token })).status, 200)
    const body = { currentPassword: 'not my password', newPassword: 'four words that nobody guesses' }
    t.equal(codeOf(await send({ path: '/auth/me/password', method: 'PUT', token, body })), 'credentials-invalid')
  }
})
