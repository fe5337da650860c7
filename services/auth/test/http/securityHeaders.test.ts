/** Security headers: on every response, with HSTS by setting. */
import t, { type Test } from 'tap'
import { rawRequest, sendRaw } from '../helpers/rawRequest.ts'
import { startReplica } from '../helpers/replicas.ts'
import { startService } from '../helpers/service.ts'

const host = 'Host: auth.test'
const close = 'Connection: close'

/** Responses of routes, of Fastify's own errors, and of input that Node refuses. */
const requests: Record<string, [bytes: string, status: number]> = {
  health: [rawRequest('GET /livez', [host, close]), 200],
  'the OpenAPI document': [rawRequest('GET /openapi.json', [host, close]), 200],
  'the keys': [rawRequest('GET /.well-known/jwks.json', [host, close]), 200],
  'a page': [rawRequest('GET /problems/conflict', [host, close]), 200],
  'the documentation page': [rawRequest('GET /docs/', [host, close]), 200],
  'the redirect to its slash': [rawRequest('GET /docs', [host, close]), 302],
  'a missing token': [rawRequest('GET /me', [host, close]), 401],
  'an unknown route': [rawRequest('GET /nowhere', [host, close]), 404],
  'an invalid path': [rawRequest('GET /%zz', [host, close]), 400],
  'an OAuth error': [rawRequest('POST /oauth/token', [host, 'Content-Length: 0', close]), 400],
  'two headers': [rawRequest('GET /me', [host, 'Authorization: a b', 'Authorization: c d', close]), 400],
  'no log-in body': [rawRequest('POST /session', [host, 'Content-Length: 0', close]), 400],
  'not HTTP': ['HELLO\r\n\r\n', 400],
  'headers over the limit': [rawRequest('GET /livez', [host, `X: ${'x'.repeat(20_000)}`, close]), 431],
}

async function eachHead(t: Test, url: string, check: (head: string, name: string) => void): Promise<void> {
  for (const [name, [bytes, status]] of Object.entries(requests)) {
    const response = await sendRaw(url, bytes)
    t.equal(response.status, status, name)
    check(response.head, name)
  }
}

t.test('security headers: every response has nosniff, Referrer-Policy and frame-ancestors', async t => {
  const { url } = await startService(t, { DOCS: 'true' })
  await eachHead(t, url, (head, name) => {
    t.match(head, /^x-content-type-options: nosniff\r?$/im, name)
    t.match(head, /^referrer-policy: no-referrer\r?$/im, name)
    t.match(head, /^content-security-policy: .*frame-ancestors '(none|self)'/im, name)
  })
})

t.test('HSTS: absent by default, and on every response when it is set', async t => {
  const service = await startService(t, { DOCS: 'true', HSTS_SECONDS: '0' })
  await eachHead(t, service.url, (head, name) => t.notMatch(head, /strict-transport-security/i, name))
  const settings: [Record<string, string>, RegExp][] = [
    [{ HSTS_SECONDS: '600' }, /^strict-transport-security: max-age=600\r?$/im],
    [
      { HSTS_SECONDS: '600', HSTS_SUBDOMAINS: 'true' },
      /^strict-transport-security: max-age=600; includeSubDomains\r?$/im,
    ],
  ]
  for (const [setting, expected] of settings) {
    const { url } = await startReplica(t, service, setting)
    await eachHead(t, url, (head, name) => t.match(head, expected, name))
  }
})
