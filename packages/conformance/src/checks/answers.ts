/** Answers that are incomplete, malformed or repeated. */
import type { PollResponse } from '@gatehouse/contract'
import type { Exchange } from '../fakeAuth.ts'
import { CheckFailed, expectResult, type Kit, live, safe, within } from '../kit.ts'

type Fault = [name: string, act: (exchange: Exchange, response: PollResponse) => void]

const http = (body: string, length = Buffer.byteLength(body), status = '200 OK') =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n${body}`

const keyWithoutKey = { kind: 'key', subject: null, effect: 'announced' }

const faults: Fault[] = [
  ['half a body', (exchange, response) => cut(exchange, JSON.stringify(response))],
  [
    'a body without its last character',
    (exchange, response) => exchange.rawAndClose(http(JSON.stringify(response).slice(0, -1))),
  ],
  [
    'status 500 with a body',
    (exchange, response) => exchange.rawAndClose(http(JSON.stringify(response), undefined, '500 Oops')),
  ],
  [
    'a redirect',
    exchange =>
      exchange.rawAndClose(
        'HTTP/1.1 307 Moved\r\nlocation: /guards/poll\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
      ),
  ],
  ['HTML', exchange => exchange.rawAndClose(http('<html>busy</html>'))],
  ['no lease member', (exchange, { leaseMs: _, ...rest }) => exchange.respond(rest)],
  ['a lease that is text', (exchange, response) => exchange.respond({ ...response, leaseMs: '60000' })],
  ['an unknown kind', (exchange, response) => exchange.respond(withEntry(response, { kind: 'tenant' }))],
  ['an unknown effect', (exchange, response) => exchange.respond(withEntry(response, { effect: 'paused' }))],
  ['a key entry without a key', (exchange, response) => exchange.respond(withEntry(response, keyWithoutKey))],
  ['an entry without seq', (exchange, response) => exchange.respond(withEntry(response, { seq: undefined }))],
]

export const malformedCheck = live(
  'half-answers',
  'no part of an incomplete or malformed answer is applied or acknowledged',
  async kit => {
    for (const [name, act] of faults) await tryFault(kit, name, act)
    return `${faults.length} faults`
  },
)

async function tryFault(kit: Kit, name: string, act: Fault[1]): Promise<void> {
  const { auth } = kit
  const subject = kit.token()
  const cursor = auth.feed.head()
  await kit.answerNextPoll((exchange, response) => {
    const entry = { seq: cursor + 1, kind: 'session', subject: subject.sid, epoch: null, effect: 'ended' } as const
    const entries = [{ ...entry, expiresAtMs: auth.feed.dbNowMs() + 600_000 }]
    act(exchange, { ...response, head: cursor + 1, entries })
  }, null)
  await within(
    auth.nextPoll().then(({ after }) => {
      if (after !== cursor) throw new CheckFailed(`${name}: the guard acknowledged ${after} instead of ${cursor}`)
    }),
    3000,
    `${name}: no further poll came`,
  )
  const result = await kit.result(subject)
  if (result === 'session-ended') throw new CheckFailed(`${name}: an entry of the answer was applied`)
}

/** Announces the whole length and closes the connection in the middle. */
function cut(exchange: Exchange, body: string): void {
  exchange.rawAndClose(http(body.slice(0, body.length / 2), body.length))
}

function withEntry(response: PollResponse, change: Record<string, unknown>): object {
  const [entry] = response.entries
  return { ...response, entries: [entry, { ...entry, seq: response.head + 1, ...change }] }
}

export const replayedCheck = safe(
  'replayed-entries',
  'an entry that comes again does not undo a later entry',
  async kit => {
    const { auth } = kit
    const subject = kit.token({ epoch: 1 })
    const first = auth.feed.append({ kind: 'user', subject: subject.sub, epoch: 1, effect: 'forbidden' })
    await kit.revoke(subject, { kind: 'user', subject: subject.sub, epoch: 2, effect: 'ended' })
    expectResult(await kit.result(subject), 'session-ended', 'after both entries')
    await kit.answerNextPoll(({ respond }, response) => respond({ ...response, entries: [first] }), null)
    await within(auth.nextPoll(), 3000, 'no further poll came')
    if ((await kit.result(subject)) === 'pass') throw new CheckFailed('the earlier entry replaced the later one')
  },
)
