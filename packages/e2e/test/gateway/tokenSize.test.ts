/** The largest access token passes the gateway, and so does the identity from /verify. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { maxAccessTokenLength } from '@gatehouse/contract'
import t from 'tap'
import { requireNginx, startGateway } from '../../src/gateway/nginx.ts'
import { send } from '../../src/gateway/rawClient.ts'

requireNginx((count, why) => t.plan(count, why))

t.test('gateway: passes a token of the maximum length and its claims to a protected upstream', async t => {
  const token = 'a'.repeat(maxAccessTokenLength)
  const scope = 's'.repeat(maxAccessTokenLength)
  const upstream = createServer(({ url = '', headers }, response) => {
    if (url.startsWith('/verify')) response.writeHead(204, { 'x-auth-subject': 'ada', 'x-auth-scope': scope }).end()
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(headers))
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const address = `127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const gateway = await startGateway({ auths: [address], resources: [address], example: address })
  t.teardown(async () => {
    await gateway.stop()
    upstream.close()
  })
  const direct = await send(gateway.url, { path: '/api/storage', token })
  t.match(direct, { status: 200, body: { authorization: `Bearer ${token}` } })
  for (const body of [undefined, 'x']) {
    const passed = await send(gateway.url, { path: '/example/', token, body })
    t.match(passed, { status: 200, body: { 'x-auth-subject': 'ada', 'x-auth-scope': scope } })
  }
})
