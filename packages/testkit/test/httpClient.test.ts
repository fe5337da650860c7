/** The requests of the JSON client, and how it parses responses. */
import { createServer } from 'node:http'
import { codeOf, httpClient, listenOnLoopback } from '@gatehouse/testkit'
import { type Test, test } from 'tap'

/** A server that echoes the request; the path selects media type and body. */
async function echo(t: Test) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method, headers, url } = request
    const sent = { code: 'echoed', method, type: headers['content-type'], authorization: headers.authorization }
    const type = url === '/problem' ? 'application/problem+json; charset=utf-8' : 'text/plain'
    if (url === '/silence') return
    if (url === '/nothing') return void response.writeHead(204).end()
    response.setHeader('content-type', type)
    response.end(JSON.stringify({ ...sent, body: Buffer.concat(chunks).toString() }))
  })
  return httpClient(await listenOnLoopback(server, t.teardown))
}

test('httpClient: sends an object as JSON by POST, and a string unchanged', async t => {
  const call = await echo(t)
  const type = 'application/json'
  t.match(await call('/problem', { body: { a: 1 }, token: 'abc' }), {
    status: 200,
    body: { method: 'POST', type, authorization: 'Bearer abc', body: '{"a":1}' },
  })
  t.match(await call('/problem', { body: '{"a":', method: 'PUT' }), { body: { method: 'PUT', type, body: '{"a":' } })
})

test('httpClient: parses a response by its media type', async t => {
  const call = await echo(t)
  t.equal(codeOf(await call('/problem')), 'echoed')
  t.type((await call('/text')).body, 'string')
  t.equal((await call('/nothing')).body, null)
})

test('httpClient: rejects after the time-out', async t => {
  const call = await echo(t)
  await t.rejects(call('/silence', { timeoutMs: 20 }), { name: 'TimeoutError' })
})
