/** Requests with `Content-Type: application/json` and an empty body, as axios and curl send them: treated as without a body. */
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { rawRequest, sendRaw } from '../helpers/rawRequest.ts'
import { assertProblem } from '../helpers/service.ts'

const empty = { body: '', headers: { 'content-type': 'application/json' } }

t.test('empty body: log-out and renew by cookie, and disable, are answered as without a body', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const { refreshToken } = await service.login(ada)
  const headers = { ...empty.headers, cookie: `__Secure-gatehouse=${refreshToken}` }
  const byCookie = { ...empty, headers }
  t.equal((await service.call('/session/renew', { ...byCookie, method: 'POST' })).status, 200)
  t.equal((await service.call('/session', { ...byCookie, method: 'DELETE' })).status, 204)
  const { accessToken } = await service.login(ada)
  t.equal((await service.call('/session', { ...empty, method: 'DELETE', token: accessToken })).status, 204)
  const disabled = await service.callAsAdmin(`/admin/users/${ada.id}/disable`, { ...empty, method: 'POST' })
  t.equal(disabled.status, 200)
})

t.test('empty body: is a missing body where the route requires one', async t => {
  const service = await startWithAdmin(t)
  assertProblem(t, await service.call('/session', { ...empty, method: 'POST' }), 'request-malformed')
  assertProblem(t, await service.callAsAdmin('/admin/users', { ...empty, method: 'POST' }), 'request-malformed')
})

t.test('empty body: an empty chunked body and one without any length are no body', async t => {
  const service = await startWithAdmin(t)
  const { accessToken } = await service.login(await service.createUser())
  const lines = ['Host: auth.test', `Authorization: Bearer ${accessToken}`, 'Content-Type: application/json']
  const close = 'Connection: close'
  const requests = [
    rawRequest('DELETE /session', [...lines, close]),
    rawRequest('DELETE /session', [...lines, 'Transfer-Encoding: chunked', close], '0\r\n\r\n'),
    rawRequest('DELETE /session', [...lines, 'Content-Length: 0', close]),
  ]
  for (const request of requests) t.equal((await sendRaw(service.url, request)).status, 204)
})
