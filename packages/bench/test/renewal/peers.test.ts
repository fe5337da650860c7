/** The servers that the benchmark compares with rotate refresh tokens. */
import { freshDatabase, installOnDemand } from '@gatehouse/testkit'
import t from 'tap'
import { type Exchange, load } from '../../src/load/load.ts'
import type { Response } from '../../src/load/reader.ts'
import { limited, renewals } from '../../src/load/requests.ts'
import { peersFolder } from '../../src/peerProgram.ts'
import { rowsAddedBy } from '../../src/renewal/peers/rowGrowth.ts'
import { type PeerName, startPeer } from '../../src/renewal/peers/startPeer.ts'

interface TokenResponse {
  access_token: string
  refresh_token: string
  id_token?: string
}

/** A limit only: each load ends when its requests are answered. */
const durationMs = 10_000
const noSession = { refreshToken: '' }

await installOnDemand(peersFolder)

for (const name of ['oidcProvider', 'betterAuth'] satisfies PeerName[]) {
  t.test(`${name}: answers a renewal with an ES256 token and a successor that can be renewed`, async t => {
    const database = await freshDatabase(fn => t.teardown(fn))
    const peer = await startPeer(name, { databaseUrl: database.url, poolSize: 2, sessionCount: 2 })
    t.teardown(() => peer.stop())
    const [first = noSession, second = noSession] = peer.sessions

    const { responses, next } = recorded(renewals([first], peer.api))
    await load({ url: peer.url, connections: 1, durationMs, next: limited(2, next) })
    const statuses = responses.map(({ status }) => status)
    t.same(statuses, [200, 200])
    const [renewed, renewedAgain] = responses.map(({ body }) => JSON.parse(body) as TokenResponse)
    t.not(renewed?.refresh_token, first.refreshToken)
    t.not(renewedAgain?.refresh_token, renewed?.refresh_token)
    t.equal(renewed?.id_token, undefined)
    const [header, payload] = (renewed?.access_token ?? '')
      .split('.')
      .map(segment => Buffer.from(segment, 'base64url').toString())
    t.match(JSON.parse(header ?? '{}'), { alg: 'ES256', typ: 'at+jwt' })
    t.match(JSON.parse(payload ?? '{}'), {
      aud: 'https://api.example',
      scope: /storage:restricted/,
      client_id: 'bench',
    })

    const ofSecond = renewals([second], peer.api)
    t.equal(await rowsAddedBy(3, { url: peer.url, databaseUrl: database.url, next: ofSecond }), 3)

    const reused = limited(1, renewals([first], peer.api))
    const { refused } = await load({ url: peer.url, connections: 1, durationMs, next: reused })
    t.same(refused, { 400: 1 }, 'a used token is refused')
  })
}

function recorded(next: () => Exchange | undefined): { responses: Response[]; next: () => Exchange | undefined } {
  const responses: Response[] = []
  return {
    responses,
    next: () => {
      const exchange = next()
      if (exchange === undefined) return undefined
      const onResponse = (response: Response) => {
        responses.push(response)
        exchange.onResponse(response)
      }
      return { ...exchange, onResponse }
    },
  }
}
