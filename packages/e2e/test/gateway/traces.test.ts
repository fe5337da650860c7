/** Export of traces to a collector. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { password, systemOf } from '../../src/system.ts'

interface Exported {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] }
    scopeSpans: { spans: { name: string; traceId: string; attributes: { key: string }[] }[] }[]
  }[]
}

t.test("traces: both services export spans of the caller's trace, without secrets", async t => {
  const received: string[] = []
  const collector = createServer(async (request, response) => {
    t.equal(request.url, '/v1/traces')
    received.push(await text(request))
    response.setHeader('content-type', 'application/json').end('{}')
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  const { port } = collector.address() as AddressInfo
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, DRAIN_MS: '0' }
  const system = await systemOf(t, { resources: 1, env })
  t.teardown(() => void collector.close())

  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
  const { accessToken, refreshToken } = await system.login(await system.createAccount('ada@example.org'))
  for (const service of [...system.auths, ...system.resources]) {
    await service.call(`/me?access_token=${accessToken}`, { headers, token: accessToken })
    await service.call('/me', { headers, token: accessToken })
  }
  // A stopping service exports its remaining spans.
  await system.stop()

  const all = received.join('\n')
  const spans = received
    .flatMap(body => (JSON.parse(body) as Exported).resourceSpans)
    .flatMap(({ resource, scopeSpans }) => {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue
      return scopeSpans.flatMap(scope => scope.spans.map(span => ({ ...span, service })))
    })
  for (const service of ['gatehouse-auth', 'gatehouse-resource']) {
    t.ok(
      spans.some(span => span.service === service && span.traceId === traceId),
      `${service} continues the trace`,
    )
  }
  for (const secret of [password, accessToken, refreshToken]) t.notOk(all.includes(secret), 'no secret')
  t.notMatch(all, /"\/(readyz|guards\/poll)"/, 'health checks and polls are not traced')
})
