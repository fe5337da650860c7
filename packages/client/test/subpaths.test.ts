/** The sub-paths `/react`, `/axios`, `/ky` and `/events`, on the fake auth service. */
import { join } from 'node:path'
import { installOnDemand } from '@gatehouse/testkit'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import t from 'tap'
import { type AxiosInstance, createAxios } from '../src/axios.ts'
import { readEvents, type ServerEvent } from '../src/events.ts'
import type { Client } from '../src/index.ts'
import { createKy } from '../src/ky.ts'
import { useSession } from '../src/react.ts'
import { problemResponse } from '../src/testing.ts'
import { count, renewCall, signedIn } from './helpers/tab.ts'

const api = 'https://api.test'

function Status({ client }: { client: Client }) {
  return createElement('p', null, useSession(client).status)
}
const lifeMs = 300_000

/** The package is installed when the test runs, so its types are not there to compile with. */
interface AxiosForTest extends AxiosInstance {
  get(path: string): Promise<object>
  post(path: string, body: object): Promise<object>
}

t.test('react: a server renders `unknown`; subscribers see the changes of a browser', async t => {
  const { first } = await signedIn(t)
  t.equal(renderToString(createElement(Status, { client: first })), '<p>unknown</p>')
  t.equal(first.getState(), first.getState(), 'the snapshot is stable')
})

t.test('axios: expired tokens are renewed, and problems are typed', async t => {
  const { auth, first } = await signedIn(t)
  first.page.setVisible(false)
  const folder = await installOnDemand('packages/client/axios-check')
  const { default: library } = await import(join(folder, 'axios.mjs'))
  const axios = createAxios<AxiosForTest>(library, first, { baseURL: api })
  await auth.clock.advance(lifeMs)
  t.match(await axios.post('/orders', { a: 1 }), { status: 200, data: { sessionId: String } })
  t.equal(count(auth, renewCall), 1)
  auth.intercept = () => problemResponse('conflict')
  await t.rejects(axios.get('/orders'), { name: 'ProblemError', code: 'conflict' })
  auth.intercept = () => new Response('<html>', { status: 502 })
  await t.rejects(axios.get('/orders'), { name: 'AxiosError', status: 502 })
})

t.test('ky: expired tokens are renewed, and problems are typed', async t => {
  const { auth, first } = await signedIn(t)
  first.page.setVisible(false)
  const ky = createKy(first, { prefixUrl: api })
  await auth.clock.advance(lifeMs)
  t.match(await ky.post('orders', { json: { a: 1 } }).json(), { sessionId: String })
  t.equal(count(auth, renewCall), 1)
  auth.intercept = () => problemResponse('conflict')
  await t.rejects(ky.get('orders'), { name: 'ProblemError', code: 'conflict' })
})

const stream = (body: BodyInit) => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
const byteByByte = (text: string) =>
  new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const byte of Buffer.from(text)) controller.enqueue(Uint8Array.of(byte))
      controller.close()
    },
  })

t.test('events: reopened with a renewed token when it expires, ended with the session', async t => {
  const { auth, first } = await signedIn(t)
  const ids: (string | null)[] = []
  const answers = [
    () =>
      stream(
        'event: open\ndata: {}\n\nid: 7\ndata: one\ndata: two\n\n: comment\n\nevent: closed\ndata: {"code":"token-expired"}\n\n',
      ),
    () => problemResponse('token-expired'),
    () => new Response('<html>', { status: 502 }),
    () => stream(byteByByte('event: closed\r\ndata: {"code":"session-ended"}\r\n\r\n')),
    () => problemResponse('session-ended'),
  ]
  auth.intercept = ({ url, headers }) => {
    if (!url.startsWith(api)) return undefined
    ids.push(headers.get('last-event-id'))
    return answers.shift()?.()
  }
  const seen: ServerEvent[] = []
  const ended = readEvents(first, `${api}/events`, { clock: auth.clock, onEvent: event => seen.push(event) })
  await auth.clock.advance(10_000)
  t.equal(await ended, 'session-ended')
  t.same(seen, [
    { type: 'open', data: '{}' },
    { type: 'message', data: 'one\ntwo' },
  ])
  t.same(ids, [null, '7', '7', '7', '7'])
  t.match(first.getState(), { status: 'signed-out', why: 'session-ended' })
  t.equal(count(auth, renewCall), 1)
})

t.test('events: a refusal with `stop` is thrown, and the caller can leave', async t => {
  const { auth, first } = await signedIn(t)
  auth.intercept = ({ url }) => (url.startsWith(api) ? problemResponse('insufficient-scope') : undefined)
  const options = { clock: auth.clock, onEvent() {} }
  await t.rejects(readEvents(first, `${api}/events`, options), { code: 'insufficient-scope' })
  auth.intercept = ({ url }) => (url.startsWith(api) ? stream('data: 1\n\n') : undefined)
  const leaving = new AbortController()
  t.equal(
    await readEvents(first, api, { ...options, signal: leaving.signal, onEvent: () => leaving.abort() }),
    undefined,
  )
})
