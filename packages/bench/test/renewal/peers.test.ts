/** What the benchmark compares our renewals with really renews: each peer, by its own endpoint, from a session made for it. */
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'
import { type Exchange, load } from '../../src/load/load.ts'
import type { Answered } from '../../src/load/reader.ts'
import { renewals } from '../../src/load/requests.ts'
import { rowsLeftBy } from '../../src/renewal/peers/rows.ts'
import { type PeerName, startPeer } from '../../src/renewal/peers/workerConfig.ts'

interface Answer {
  access_token: string
  refresh_token: string
  id_token?: string
}

/** Each load ends as soon as it has asked what it may. */
const durationMs = 10_000
const none = { refreshToken: '' }

for (const name of ['oidcProvider', 'betterAuth'] satisfies PeerName[]) {
  t.test(`${name} answers a renewal with an ES256 token for the API and a successor that renews in turn`, async t => {
    const database = await freshDatabase(fn => t.teardown(fn))
    const peer = await startPeer(name, { databaseUrl: database.url, poolSize: 2, sessions: 2 })
    t.teardown(() => peer.stop())
    const [first, second] = peer.sessions
    t.ok(first && second)

    const { answers, renew } = recorded(renewals([first ?? none], peer.dialect))
    await load({ url: peer.url, connections: 1, durationMs, next: atMost(2, renew) })
    t.same(
      answers.map(({ status }) => status),
      [200, 200],
    )
    const [one, other] = answers.map(({ body }) => JSON.parse(body) as Answer)
    t.not(one?.refresh_token, first?.refreshToken)
    t.not(other?.refresh_token, one?.refresh_token)
    t.equal(one?.id_token, undefined)
    const [header, payload] = (one?.access_token ?? '')
      .split('.')
      .map(part => Buffer.from(part, 'base64url').toString())
    t.match(JSON.parse(header ?? '{}'), { alg: 'ES256', typ: 'at+jwt' })
    t.match(JSON.parse(payload ?? '{}'), {
      aud: 'https://api.example',
      scope: /storage:restricted/,
      client_id: 'bench',
    })

    const alone = renewals([second ?? none], peer.dialect)
    t.equal(await rowsLeftBy(3, { url: peer.url, databaseUrl: database.url, next: alone }), 3)

    const again = atMost(1, renewals([first ?? none], peer.dialect))
    const { refused } = await load({ url: peer.url, connections: 1, durationMs, next: again })
    t.same(refused, { 400: 1 }, 'a used token is refused')
  })
}

function atMost(times: number, next: () => Exchange | undefined): () => Exchange | undefined {
  let asked = 0
  return () => {
    asked += 1
    return asked > times ? undefined : next()
  }
}

function recorded(next: () => Exchange | undefined): { answers: Answered[]; renew: () => Exchange | undefined } {
  const answers: Answered[] = []
  const renew = () => {
    const exchange = next()
    if (exchange === undefined) return undefined
    const done = (answered: Answered) => {
      answers.push(answered)
      exchange.done(answered)
    }
    return { ...exchange, done }
  }
  return { answers, renew }
}
