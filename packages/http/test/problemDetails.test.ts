/** Every error response is a row of the table and reveals nothing about the implementation. */
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
    type: 'object',
    required: ['name'],
    additionalProperties: false,
    properties: { name: { type: 'string', maxLength: 5 }, kind: { anyOf: [{ const: 'a' }, { const: 'b' }] }, deep: {} },
  },
}

async function fixture(t: Test, over: Partial<Parameters<typeof fastifyDefaults>[0]> = {}): Promise<FastifyInstance> {
  const app = fastify(fastifyDefaults({ ...problemOptions, logLevel: 'silent', ...over }))
  await app.register(problemDetails, { ...problemOptions, errors: 'all' })
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

const invalidUtf8 = Buffer.from([...Buffer.from('{"name":"'), 0xff, 0xfe, ...Buffer.from('"}')])
/** Not JSON, no object, texts and members that are refused everywhere, and values that the schema refuses. */
const malformed: (string | Buffer)[] = [
  ...['', '{"name":', '1e999', '\ufeff{"name":"x"}', invalidUtf8, '"x"', 'null', '[]', nested(30), nested(8000)],
  ...['{"name":"\\u0000"}', '{"name":"x","\\u0000":1}', '{"name":"\\ud800"}', '{"name":"x","name":"y"}'],
  ...['{"name":"x","__proto__":{"admin":true}}', '{"name":"x","constructor":{"prototype":{}}}'],
  ...[`{"name":"x","${canary}":1}`, `{"name":"${canary}"}`, '{"name":7}', '{"name":true}', '{"name":"x","kind":"c"}'],
]
/** The body `name=x` with another media type. */
const refusedTypes = ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense']

t.test('bodies: each invalid body gets its problem, and the response does not repeat a value', async t => {
  const app = await fixture(t)
  const refused = async (payload: string | Buffer, code: ProblemCode, type = 'application/json') => {
    const reply = await app.inject({ method: 'POST', url: '/things', headers: { 'content-type': type }, payload })
    const says = [reply.statusCode, reply.json().code, reply.headers['content-type'], reply.headers['cache-control']]
    const expected = [problemDefinition(code).status, code, 'application/problem+json', 'no-store']
    t.same(says, expected, `${type} ${payload}`.slice(0, 80))
    t.ok(reply.json().requestId, 'the request id leads to the log')
    // An unknown field is named.
    t.notMatch(reply.body.replaceAll(`body/${canary}`, ''), canary)
  }
  for (const payload of malformed) await refused(payload, 'request-malformed')
  for (const type of refusedTypes) await refused('name=x', 'media-type-unsupported', type)
  await refused(`{"name":"${'x'.repeat(17_000)}"}`, 'request-too-large')
  t.equal(({} as { admin?: boolean }).admin, undefined)
  const payload = '{"name":"\\u00e4\\\\u0000"}'
  const fine = await app.inject({ method: 'POST', url: '/things', headers: json, payload })
  t.equal(fine.statusCode, 400, 'the text is too long; an escaped backslash before u0000 is no NUL')
  t.match(fine.json().fields, [{ field: 'body/name', reason: /5 characters/ }])
})

t.test('fields: name the path and the expected value', async t => {
  const app = await fixture(t)
  const payload = '{"kind":"c","other":1}'
  const reply = await app.inject({ method: 'POST', url: '/things', headers: json, payload })
  t.same(reply.json().fields, [
    { field: 'body/name', reason: 'is missing' },
    { field: 'body/other', reason: 'is not a known field' },
    { field: 'body/kind', reason: 'must be a or b' },
  ])
  t.equal(reply.json().detail, 'body/name: is missing; body/other: is not a known field; body/kind: must be a or b')
})

t.test('schemas: PollRequest works as a body schema, with its dependencies', async t => {
  const app = await fixture(t)
  const guard = '00000000-0000-4000-8000-000000000000'
  const post = (payload: object) => app.inject({ method: 'POST', url: '/polls', payload })
  t.equal((await post({ guard, name: 'a', version: '1' })).statusCode, 200)
  t.equal(
    (await post({ guard, name: 'a', version: '1', after: 3 })).statusCode,
    problemDefinition('request-malformed').status,
  )
})

t.test('paths and queries: each invalid URL gets its problem', async t => {
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
  for (const [url, code] of urls) {
    const reply = await app.inject({ url })
    t.same([reply.statusCode, reply.json().code], [problemDefinition(code).status, code], url.slice(0, 30))
  }
})

t.test('two Authorization headers: are refused on every route', async t => {
  const app = await fixture(t)
  const { port } = app.server.address() as { port: number }
  for (const path of ['/things/1', '/nowhere', '/broken']) {
    const socket = connect(port, '127.0.0.1')
    const headers = 'host: x\r\nauthorization: Basic YTpi\r\nAuthorization: Bearer x\r\nconnection: close'
    socket.write(`GET ${path} HTTP/1.1\r\n${headers}\r\n\r\n`)
    const response = await text(socket)
    t.match(response, /^HTTP\/1\.1 400 /, path)
    t.match(response, /headers\/authorization: must be given once/)
  }
})

t.test('unexpected errors: become internal-error without details', async t => {
  const app = await fixture(t)
  for (const url of ['/broken', '/odd']) {
    const reply = await app.inject({ url })
    t.same([reply.statusCode, reply.json().code], [problemDefinition('internal-error').status, 'internal-error'])
    t.notMatch(reply.body, canary)
    t.notMatch(reply.body, /at |SELECT|node_modules/)
  }
})

t.test('ProblemError: gives status, action and Retry-After of its row, and not its reason', async t => {
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

t.test('input that is not HTTP: gets problem details, and the connection closes', async t => {
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
  const unknown = 'GET /things/7 HTTP/1.1\r\nhost: x\r\nexpect: the-unexpected\r\nconnection: close\r\n\r\n'
  t.match(await raw(unknown), /^HTTP\/1\.1 200 /, 'an unknown expectation is ignored')
  const smuggled =
    'POST /things HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
  t.match(await raw(smuggled), /^HTTP\/1\.1 400 /)
})

t.test('X-Request-Id: is used only from a trusted gateway and only in a valid form', async t => {
  const idFor = async (app: FastifyInstance, given: string) =>
    (await app.inject({ url: '/nowhere', headers: { 'x-request-id': given } })).json().requestId
  t.not(await idFor(await fixture(t), 'from-outside'), 'from-outside')
  const behind = await fixture(t, { trustProxy: 'loopback' })
  t.equal(await idFor(behind, 'from-the-gateway'), 'from-the-gateway')
  for (const bad of ['a\tb<script>', 'with space', 'x'.repeat(65), '"quoted"']) t.not(await idFor(behind, bad), bad)
})
