/** A minimal auth service for tests of the guard: keys and feed by the rules of the protocol. */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Clock } from '@gatehouse/clock'
import type { Entry, KeyEntry, PollRequest, PollResponse, RevocationEntry } from '@gatehouse/contract'
import { decidePoll, type GuardRow, type LeaseRules } from '@gatehouse/protocol'
import type { SigningKey } from './testTokens.ts'

export const clientId = 'warehouse'
export const clientSecret = 'not a secret: %&'

export interface FakeAuth {
  url: string
  /** The keys of the key endpoint. */
  keys: SigningKey[]
  /** `down` closes every connection; `silent` never answers; `refusing` answers 401. */
  mode: 'up' | 'down' | 'silent' | 'refusing'
  /** How far the wall clock of the test is ahead of the fake database, in milliseconds. */
  hostClockOffsetMs: number
  /** The maximum clock tolerance of a guard, in milliseconds. */
  maxToleranceMs: number
  /** Sent with every response when set. */
  issuer?: string
  counts: { polls: number; keys: number; leaves: number }
  guards: Map<string, GuardRow>
  revoke(entry: Partial<RevocationEntry> | Pick<KeyEntry, 'kind' | 'effect' | 'key'>): Entry
  /** Starts another, empty feed, as after the restore of a backup. */
  restore(): void
  /** Answers the held polls, as after POLL_HOLD_MS. */
  release(): void
  /** Resolves with the next poll that `accepts` returns true for, before the poll is handled. */
  nextPoll(accepts?: (request: PollRequest) => boolean): Promise<PollRequest>
  /** Resolves when a poll is held: the guard is up to date. */
  holding(): Promise<void>
  stop(): Promise<void>
}

const rules: LeaseRules = { leaseMs: 15_000, marginMs: 2000, pageSize: 3 }

export async function fakeAuth(clock: Clock): Promise<FakeAuth> {
  const entries: Entry[] = []
  const held = new Set<() => void>()
  const idle = new Set<() => void>()
  const waiting = new Set<(request: PollRequest) => void>()
  const feed = { id: randomUUID() as string, head: 0 }
  const dbNowMs = () => clock.wallMs() - auth.hostClockOffsetMs
  const settings = () => ({
    dbNowMs: dbNowMs(),
    maxToleranceMs: auth.maxToleranceMs,
    ...(auth.issuer !== undefined && { issuer: auth.issuer }),
  })
  const auth: FakeAuth = {
    url: '',
    keys: [],
    mode: 'up',
    counts: { polls: 0, keys: 0, leaves: 0 },
    guards: new Map(),
    hostClockOffsetMs: 0,
    maxToleranceMs: 50_000,
    revoke(fields) {
      feed.head += 1
      const entry = {
        seq: feed.head,
        kind: 'session',
        subject: null,
        epoch: null,
        effect: 'ended',
        expiresAtMs: dbNowMs() + 600_000,
        ...fields,
      } as Entry
      entries.push(entry)
      auth.release()
      return entry
    },
    restore() {
      Object.assign(feed, { id: randomUUID(), head: 0 })
      entries.length = 0
      auth.guards.clear()
      auth.release()
    },
    release() {
      for (const answer of [...held]) answer()
    },
    nextPoll: (accepts = () => true) =>
      new Promise(resolve => {
        const listener = (request: PollRequest) => {
          if (accepts(request) && waiting.delete(listener)) resolve(request)
        }
        waiting.add(listener)
      }),
    holding: () => (held.size > 0 ? Promise.resolve() : new Promise(resolve => idle.add(resolve))),
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.endsWith('/jwks.json')) auth.counts.keys += 1
    if (auth.mode === 'down') return void request.socket.destroy()
    if (auth.mode === 'silent') return
    if (request.url?.endsWith('/jwks.json')) return send(response, { keys: auth.keys.map(key => key.jwk) })
    const body = JSON.parse(await text(request))
    if (auth.mode === 'refusing' || !isKnown(request)) return void response.writeHead(401).end()
    if (request.url === '/guards/poll') return poll(body, response)
    auth.counts.leaves += 1
    auth.guards.delete(body.guard)
    response.writeHead(204).end()
  }

  function poll(request: PollRequest, response: ServerResponse): void {
    auth.counts.polls += 1
    for (const listener of [...waiting]) listener(request)
    const row = auth.guards.get(request.guard) ?? null
    const decision = decidePoll(request, row, { feedId: feed.id, head: feed.head, dbNowMs: dbNowMs(), rules })
    if (decision.kind === 'feed-changed') return void response.writeHead(409).end()
    auth.guards.set(request.guard, decision.row)
    const after = request.after ?? 0
    const reply = () => {
      if (!held.delete(reply)) return
      const page = entries.filter(entry => entry.seq > after).slice(0, rules.pageSize)
      const more = (page.at(-1)?.seq ?? feed.head) < feed.head
      const leaseMs = decision.isLeased ? rules.leaseMs : 0
      send(response, {
        feedId: feed.id,
        head: feed.head,
        ...settings(),
        leaseMs,
        entries: page,
        more,
      } satisfies PollResponse)
    }
    held.add(reply)
    // Only the poll of a guard that is up to date and has a lease is held.
    const hadLease = (row?.leaseUntilMs ?? 0) > dbNowMs() + rules.marginMs
    if (feed.head > after || !hadLease) reply()
    if (held.size === 0) return
    for (const wake of idle) wake()
    idle.clear()
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(error => response.destroy(error))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  auth.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return auth
}

function isKnown({ headers }: IncomingMessage): boolean {
  const pair = Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString()
  return pair === [clientId, clientSecret].map(encodeURIComponent).join(':')
}

function send(response: ServerResponse, body: object): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
}
