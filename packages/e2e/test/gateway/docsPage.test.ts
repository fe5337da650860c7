/** The API documentation behind the prefix of the gateway, in a real browser. */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { requireNginx } from '../../src/gateway/nginx.ts'
import { startProtectedSystem } from '../../src/gateway/protectedSystem.ts'

requireNginx((count, why) => t.plan(count, why))
const chromium = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const hasBrowser = spawnSync(chromium, ['--version']).status === 0
const skip = hasBrowser || process.env['CI'] ? false : `${chromium} is not installed`

t.test('docs: the page works below /auth, with the name of the service and no console error', { skip }, async t => {
  const { gateway, send } = await startProtectedSystem(t)
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
  const page = ['--enable-logging=stderr', '--virtual-time-budget=10000', '--dump-dom', `${gateway.url}/auth/docs`]
  const { stdout, stderr } = await promisify(execFile)(chromium, [...flags, ...page], { maxBuffer: 1e8 })
  t.match(stdout, /Log out: idempotent/, 'the operations are listed')
  t.match(stdout, new RegExp(`<option value="${gateway.url}/auth"`), 'requests go through the gateway')
  t.match(stdout, /<title>Gatehouse auth service: API<\/title>/)
  t.notMatch(stdout, /swagger-ui-logo|Supported by SMARTBEAR/i)
  const messages = stderr.split('\n').filter(line => line.includes(':CONSOLE'))
  t.strictSame(messages, [], 'no message on the console')
  for (const path of ['/auth/docs', '/auth/openapi.json', '/auth/healthz'])
    t.equal((await send({ path })).headers.get('strict-transport-security'), null, `no HSTS over http: ${path}`)

  const { body } = await send({ path: '/auth/openapi.json' })
  const example = logInExampleOf(body)
  const response = await send({ path: '/auth/session', body: example })
  t.not(response.status, 400, 'the prefilled example is well formed')
})

/** The body that the page fills in for a log-in. */
function logInExampleOf(document: unknown): Record<string, unknown> {
  const { paths } = document as { paths: Record<string, { post: { requestBody: { content: object } } }> }
  const content = paths['/session']?.post.requestBody.content as Record<string, { schema: Schema }>
  const { properties = {}, required = [] } = content['application/json']?.schema ?? {}
  return Object.fromEntries(required.map(name => [name, properties[name]?.examples?.[0]]))
}

interface Schema {
  properties?: Record<string, { examples?: unknown[] }>
  required?: string[]
}
