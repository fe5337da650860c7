/** Every error reply is a row of the table, and says nothing of how we are built. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { PollRequest, type ProblemCode, ProblemError, problemDefinition } from '@gatehouse/contract'
import { fastifyDefaults, problemDetails, strictRequests } from '@gatehouse/http'
import fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'

const problemOptions = { problemBase: 'https://auth.example/problems', realm: 'warehouse' }
const canary = 'canary-5f2c9e'
const schema = {
  body: {
    ...{ type: 'object', required: ['name'], additionalProperties: false },
    properties: { name: { type: 'string', maxLength: 5 }, kind: { anyOf: [{ const: 'a' }, { const: 'b' }] }, deep: {} },
  },
}

async function fixture(t: Test, over: Partial<Parameters<typeof fastifyDefaults>[0]> = {}): Promise<FastifyInstance> {
  const app = fastify(fastifyDefaults({ ...problemOptions, logLevel: 'silent', ...over }))
  await app.register(problemDetails, problemOptions)
  await app.register(strictRequests)
  app.post('/things', { schema }, request => request.body)
  app.post('/polls', { schema: { body: PollRequest } }, () => 'ok')
  app.get('/things/:id', { schema: { querystring: { type: 'object', additionalProperties: false } } }, () => 'ok')
  app.get('/broken', () => {
    throw new Error(`SELECT secret FROM ${canary}`)
  })
  app.get('/odd', () => Promise.reject(canary))
  app.get('/refused/:code', request => {
    throw new ProblemError((request.params as { code: ProblemCode }).code, canary)
  })
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

const json = { 'content-type': 'application/json' }
const nested = (depth: number) => `{"name":"x","deep":${'['.repeat(depth)}${']'.repeat(depth)}}`

const bodies: [name: string, body: string | Buffer, outcome: ProblemCode, type?: string][] = [
  ['empty', '', 'request-malformed'],
  ['not JSON', '{"name":', 'request-malformed'],
  ['a string', '"x"', 'request-malformed'],
  ['null', 'null', 'request-malformed'],
  ['an array', '[]', 'request-malformed'],
  ['a number too large for JSON', '1e999', 'request-malformed'],
  ['invalid UTF-8', Buffer.from([...Buffer.from('{"name":"'), 0xff, 0xfe, ...Buffer.from('"}')]), 'request-malformed'],
  ['a byte order mark', '\ufeff{"name":"x"}', 'request-malformed'],
  ['NUL as an escape', '{"name":"\\u0000"}', 'request-malformed'],
  ['NUL in a name', '{"name":"x","\\u0000":1}', 'request-malformed'],
  ['half a surrogate pair', '{"name":"\\ud800"}', 'request-malformed'],
  ['a member twice', '{"name":"x","name":"y"}', 'request-malformed'],
  ['__proto__', '{"name":"x","__proto__":{"admin":true}}', 'request-malformed'],
  ['constructor', '{"name":"x","constructor":{"prototype":{}}}', 'request-malformed'],
  ['nested too deep', nested(30), 'request-malformed'],
  ['nested as deep as fits', nested(8000), 'request-malformed'],
  ['an unknown field', `{"name":"x","${canary}":1}`, 'request-malformed'],
  ['a wrong type', '{"name":7}', 'request-malformed'],
  ['a number as text where text is asked', '{"name":true}', 'request-malformed'],
  ['too long', `{"name":"${canary}"}`, 'request-malformed'],
  ['none of the choices', '{"name":"x","kind":"c"}', 'request-malformed'],
  ['over the limit', `{"name":"${'x'.repeat(17_000)}"}`, 'request-too-large'],
  ['text', 'name=x', 'media-type-unsupported', 'text/plain'],
  ['a form', 'name=x', 'media-type-unsupported', 'application/x-www-form-urlencoded'],
  ['XML', '<name/>', 'media-type-unsupported', 'application/xml'],
  ['a type that is none', '{}', 'media-type-unsupported', 'nonsense'],
]

t.test('a body that is wrong in any way gets a clear 4xx, and never its own words back', async t => {
  const app = await fixture(t)
  for (const [name, payload, outcome, type = 'application/json'] of bodies) {
    const reply = await app.inject({ method: 'POST', url: '/things', headers: { 'content-type': type }, payload })
    const says = [reply.statusCode, reply.json().code, reply.headers['content-type'], reply.headers['cache-control']]
    t.same(says, [problemDefinition(outcome).status, outcome, 'application/problem+json', 'no-store'], name)
    t.ok(reply.json().requestId, 'it can be found in the log')
    if (!name.includes('unknown')) t.notMatch(reply.body, canary, 'what was sent is not repeated')
  }
  t.equal(({} as { admin?: boolean }).admin, undefined)
  const fine = await app.inject({
    method: 'POST',
    url: '/things',
    headers: json,
    payload: '{"name":"\\u00e4\\\\u0000"}',
  })
  t.equal(fine.statusCode, 400, 'longer than five, but an escaped backslash is no NUL')
  t.match(fine.json().fields, [{ field: 'body/name', reason: /5 characters/ }])
})

t.test('the fields say where, and what was wanted', async t => {
  const app = await fixture(t)
  const payload = '{"kind":"c","other":1}'
  const reply = await app.inject({ method: 'POST', url: '/things', headers: json, payload })
  t.same(reply.json().fields, [
    { field: 'body/name', reason: 'is missing' },
    { field: 'body/other', reason: 'is not known here' },
    { field: 'body/kind', reason: 'must be a or b' },
  ])
  t.equal(reply.json().detail, 'body/name: is missing; body/other: is not known here; body/kind: must be a or b')
})

t.test('the words of the feed can be used as schemas', async t => {
  const app = await fixture(t)
  const guard = '00000000-0000-4000-8000-000000000000'
  const post = (payload: object) => app.inject({ method: 'POST', url: '/polls', payload })
  t.equal((await post({ guard, name: 'a', version: '1' })).statusCode, 200)
  t.equal(
    (await post({ guard, name: 'a', version: '1', after: 3 })).statusCode,
    problemDefinition('request-malformed').status,
  )
})

t.test('a path or query that is wrong is refused', async t => {
  const app = await fixture(t)
  const urls: [string, ProblemCode][] = [
    ['/nowhere', 'not-found'],
    ['/things/1?a=1', 'request-malformed'],
    ['/things/1?a=1&a=2', 'request-malformed'],
    ['/things/%00', 'request-malformed'],
    ['/things/%ff', 'request-malformed'],
    ['/things/%', 'request-malformed'],
    [`/things/${'x'.repeat(300)}`, 'request-malformed'],
  ]
  for (const [url, outcome] of urls) {
    const reply = await app.inject({ url })
    t.same([reply.statusCode, reply.json().code], [problemDefinition(outcome).status, outcome], url.slice(0, 30))
  }
})

t.test('what nobody foresaw says nothing to the caller', async t => {
  const app = await fixture(t)
  for (const url of ['/broken', '/odd']) {
    const reply = await app.inject({ url })
    t.same([reply.statusCode, reply.json().code], [problemDefinition('internal-error').status, 'internal-error'])
    t.notMatch(reply.body, canary)
    t.notMatch(reply.body, /at |SELECT|node_modules/)
  }
})

t.test('a refusal is its row of the table, and its reason stays in our log', async t => {
  const app = await fixture(t)
  for (const code of ['account-disabled', 'rate-limited', 'unavailable', 'conflict'] as const) {
    const row = problemDefinition(code)
    const reply = await app.inject({ url: `/refused/${code}` })
    t.same([reply.statusCode, reply.json().action], [row.status, row.action])
    t.equal(reply.headers['retry-after'], row.retryAfterSeconds?.toString())
    t.notMatch(reply.body, canary)
    const head = await app.inject({ method: 'HEAD', url: `/refused/${code}` })
    t.same([head.statusCode, head.body], [row.status, ''])
  }
})

t.test('what is not HTTP is answered in the same form, and the connection ends', async t => {
  const app = await fixture(t)
  const { port } = app.server.address() as { port: number }
  const raw = async (sent: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(sent)
    return text(socket)
  }
  const rubbish = await raw('RUBBISH\r\n\r\n')
  t.match(rubbish, /^HTTP\/1\.1 400 /)
  t.match(rubbish, /"code":"request-malformed"/)
  t.match(rubbish, /connection: close/)
  const huge = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`)
  t.match(huge, /^HTTP\/1\.1 431 /)
  t.match(huge, /"code":"request-too-large"/)
  const smuggled =
    'POST /things HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
  t.match(await raw(smuggled), /^HTTP\/1\.1 400 /)
})

t.test('a request id from outside is taken only from behind a gateway, and only a sane one', async t => {
  const headers = { 'x-request-id': 'from-outside' }
  const alone = await fixture(t)
  t.not((await alone.inject({ url: '/nowhere', headers })).json().requestId, 'from-outside')
  const behind = await fixture(t, { trustProxy: 'loopback' })
  t.equal((await behind.inject({ url: '/nowhere', headers })).json().requestId, 'from-outside')
  const odd = { 'x-request-id': 'a\tb<script>' }
  t.notMatch((await behind.inject({ url: '/nowhere', headers: odd })).json().requestId, /script/)
})
