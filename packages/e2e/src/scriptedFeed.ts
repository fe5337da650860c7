/** Revocations by the thousand, and a guard that is told them, for whoever looks at how it takes them. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { systemClock } from '@gatehouse/clock'
import type { Entry, PollRequest, PollResponse } from '@gatehouse/contract'
import { createGuard, type Guard } from '@gatehouse/guard'
import { applyEntry, createRevocationIndex, type RevocationIndex } from '@gatehouse/protocol'
import { until } from './system.ts'

/** As many as the auth service tells at a time. */
export const pageSize = 2000

/** A page of ended sessions. @param from the number of the last entry before them */
function pageAfter(from: number): Entry[] {
  const expiresAtMs = systemClock.wallMs() + 360_000
  const common = { kind: 'session', epoch: null, effect: 'ended', expiresAtMs } as const
  return Array.from({ length: pageSize }, (_, at) => ({ seq: from + at + 1, subject: randomUUID(), ...common }))
}

/** What a guard remembers of so many revocations, a whole number of pages. */
export function revocationIndexOf(entries: number): RevocationIndex {
  const memory = createRevocationIndex()
  for (let from = 0; from < entries; from += pageSize) {
    // As they come from the feed: a text that was put together from parts takes several times as much.
    for (const entry of JSON.parse(JSON.stringify(pageAfter(from))) as Entry[]) applyEntry(memory, entry)
  }
  return memory
}

export interface ScriptedGuard {
  guard: Guard
  /** So many more pages, told at once. @returns the guard's cursor once it knows them all */
  tell: (pages: number) => number
  stop: () => Promise<void>
}

/** It knows nothing yet, and follows. */
export async function startScriptedGuard(): Promise<ScriptedGuard> {
  const feed = await startFeed()
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const guard = createGuard({
    ...{ issuer: 'https://auth.example.org', audience: 'gatehouse', clientId: 'resource', clientSecret: 'secret' },
    authUrls: [feed.url],
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  })
  guard.start()
  await until(async () => guard.state().cursor === 0)
  return {
    guard,
    tell: feed.append,
    stop: async () => {
      feed.close()
      await guard.stop()
    },
  }
}

/** It holds its pages ready, so that it takes next to no time of the process that it shares with the guard. */
async function startFeed() {
  const feedId = randomUUID()
  const pages = new Map<number, Buffer>()
  const held = new Set<() => void>()
  let head = 0
  const answer = (entries: Entry[], { upTo, after }: { upTo: number; after: number }) => {
    const body: PollResponse = { feedId, head: upTo, leaseMs: 15_000, entries, more: after < upTo }
    return Buffer.from(JSON.stringify(body))
  }
  const server = createServer(async (request, response) => {
    const { after } = JSON.parse(await text(request)) as PollRequest
    const reply = () => void response.end(pages.get(after ?? 0) ?? answer([], { upTo: head, after: head }))
    if (after === undefined || after < head) reply()
    else held.add(reply)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const append = (count: number) => {
    const upTo = head + count * pageSize
    for (let after = head; after < upTo; after += pageSize) {
      pages.set(after, answer(pageAfter(after), { upTo, after: after + pageSize }))
    }
    head = upTo
    for (const reply of held) reply()
    held.clear()
    return head
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    append,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
