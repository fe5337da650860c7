/** Each gateway of docs/gateways.md that is installed protects an upstream, configured from the text of the page. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { problemDefinition } from '@gatehouse/contract'
import { listenOnLoopback, startRecipe } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { recipes } from './helpers/gatewayProcess.ts'
import { type Resource, resource } from './helpers/service.ts'

interface Sending {
  path?: string
  token?: string
  method?: string
  body?: string
  headers?: Record<string, string>
}

interface Echo {
  url: string
  method: string
  headers: IncomingHttpHeaders
  body: string
}

for (const recipe of recipes) {
  const isInstalled = recipe.isInstalled()
  const why = `SKIPPED: ${recipe.heading} is not tested: not installed (Debian: ${recipe.packages})`
  if (!isInstalled) console.error(`# ${why}`)
  const title = `${recipe.heading}: the recipe admits, refuses and passes on the identity`
  t.test(title, { skip: !isInstalled && why }, async t => {
    const service = await resource(t)
    const names = { 'resource:4000': `127.0.0.1:${service.port}`, 'app:8080': `127.0.0.1:${await startApp(t)}` }
    const gateway = await startRecipe(recipe, names)
    t.teardown(gateway.stop)
    await checkGateway(t, service, options => sendTo(gateway.port, options))
  })
}

type Send = (options: Sending) => Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>

async function checkGateway(t: Test, service: Resource, send: Send): Promise<void> {
  const token = service.token({ sub: 'ada', scope: 'a b', roles: ['user'] })
  const spoofed = { 'X-Auth-Subject': 'root', 'X-Auth-Roles': 'admin', 'x-auth-client': 'spoofed' }
  const admitted = await send({ token, path: '/x/y?page=2&page=3&access_token', headers: spoofed })
  t.equal(admitted.status, 200, admitted.body)
  const echo: Echo = JSON.parse(admitted.body)
  t.equal(echo.url, '/x/y?page=2&page=3&access_token')
  t.match(echo.headers, {
    'x-auth-subject': 'ada',
    'x-auth-roles': 'user',
    'x-auth-scope': 'a b',
    'x-auth-client': 'first-party',
  })
  t.equal(echo.headers.authorization, undefined, 'the upstream receives no token')

  const posted = await send({ token, method: 'POST', body: 'the body' })
  t.match(JSON.parse(posted.body), { method: 'POST', body: 'the body' })

  const missing = await send({ headers: spoofed })
  t.equal(missing.status, problemDefinition('token-missing').status)
  t.match(missing.headers['www-authenticate'], /^Bearer realm=/)
  t.equal((await send({ token: 'rubbish' })).status, problemDefinition('token-invalid').status)

  const restricted = await send({ token, path: '/restricted/x', headers: { 'X-Verify-Scope': 'a' } })
  t.equal(restricted.status, problemDefinition('insufficient-scope').status)
  const cleared = service.token({ scope: 'storage:restricted' })
  t.equal((await send({ token: cleared, path: '/restricted/x' })).status, 200)

  const [sid, sub] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']
  const [ended, disabled] = [service.token({ sid }), service.token({ sub })]
  t.equal((await send({ token: ended })).status, 200)
  const applied = service.auth.nextPoll(({ after }) => after === 2)
  service.auth.revoke({ subject: sid })
  service.auth.revoke({ kind: 'user', subject: sub, epoch: 1, effect: 'forbidden' })
  await applied
  t.equal((await send({ token: ended })).status, problemDefinition('session-ended').status)
  t.equal((await send({ token: disabled })).status, problemDefinition('account-disabled').status)

  service.auth.mode = 'down'
  service.auth.release()
  await service.clock.advance(15_000)
  const unknown = await send({ token })
  t.equal(unknown.status, problemDefinition('revocation-unknown').status, 'without a lease')
  t.ok(unknown.headers['retry-after'])
}

/** An upstream that echoes requests. */
async function startApp(t: Test): Promise<number> {
  const server = createServer(async (incoming, response) => {
    const { url, method, headers } = incoming
    response.end(JSON.stringify({ url, method, headers, body: await text(incoming) }))
  })
  return Number(new URL(await listenOnLoopback(server, t.teardown)).port)
}

async function sendTo(port: number, { path = '/', token, method = 'GET', body, headers = {} }: Sending) {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const all = { ...headers, ...authorization }
  const sending = request({ port, host: '127.0.0.1', path, method, headers: all, agent: false }).end(body)
  const [response] = await once(sending, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}
