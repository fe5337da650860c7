/** A feed that publishes thousands of revocations, and a guard that follows it. */

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { systemClock } from '@gatehouse/clock'
import type { Entry, PollRequest, PollResponse } from '@gatehouse/contract'
import { createGuard, type Guard } from '@gatehouse/guard'
import { applyEntry, createRevocationIndex, type RevocationIndex } from '@gatehouse/protocol'
import { until } from '@gatehouse/testkit'

/** Entries per page, as in the auth service. */
export const pageSize = 2000

/** A page of ended sessions. @param from sequence number of the entry before the page */
function pageAfter(from: number): Entry[] {
  const expiresAtMs = systemClock.wallMs() + 360_000
  const common = { kind: 'session', epoch: null, effect: 'ended', expiresAtMs } as const
  return Array.from({ length: pageSize }, (_, index) => ({ seq: from + index + 1, subject: randomUUID(), ...common }))
}

/** A guard's index of so many revocations, rounded up to whole pages. */
export function revocationIndexOf(entries: number): RevocationIndex {
  const index = createRevocationIndex()
  for (let from = 0; from < entries; from += pageSize) {
    // Parsed from JSON as in the feed: a concatenated string takes several times the memory.
    for (const entry of JSON.parse(JSON.stringify(pageAfter(from))) as Entry[]) applyEntry(index, entry)
  }
  return index
}

export interface ScriptedGuard {
  guard: Guard
  /** Publishes pages at once. @returns the guard's cursor after the last of them */
  publish: (pages: number) => number
  stop: () => Promise<void>
}

/** Starts a guard that follows an empty feed. */
export async function startScriptedGuard(): Promise<ScriptedGuard> {
  const feed = await startFeed()
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const guard = createGuard({
    issuer: 'https://auth.example.org',
    audience: 'gatehouse',
    clientId: 'resource',
    clientSecret: 'secret',
    authUrls: [feed.url],
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  })
  guard.start()
  await until(async () => guard.state().cursor === 0)
  return {
    guard,
    publish: feed.append,
    stop: async () => {
      feed.close()
      await guard.stop()
    },
  }
}

/** Pages are serialized in advance, because the feed shares its process with the guard. */
async function startFeed() {
  const feedId = randomUUID()
  const pages = new Map<number, Buffer>()
  const held = new Set<() => void>()
  let head = 0
  const answer = (entries: Entry[], { upTo, after }: { upTo: number; after: number }) => {
    const body: PollResponse = {
      feedId,
      head: upTo,
      dbNowMs: systemClock.wallMs(),
      maxToleranceMs: 50_000,
      leaseMs: 15_000,
      entries,
      more: after < upTo,
    }
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
