/** Many guards in one process: they speak the protocol, hold nothing, and verify nothing. What they cost is the feed's cost. */
import { randomUUID } from 'node:crypto'
import { Agent, request as ask, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { PollResponse } from '@gatehouse/contract'

interface CrowdJob {
  authUrls: string[]
  count: number
  credentials: string
}

const { authUrls, count, credentials }: CrowdJob = JSON.parse(process.env['BENCH_CROWD'] ?? '{}')
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const headers = {
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
  'content-type': 'application/json',
}
const guards = Array.from({ length: count }, (_nothing, at) => ({
  guard: randomUUID(),
  name: `crowd-${at + 1}`,
  version: '0',
  authUrl: authUrls[at % authUrls.length] ?? '',
}))
const counts = { polls: 0, leased: 0 }
let isStopping = false

const server = createServer((_request, response) => response.end(JSON.stringify(counts)))
server.listen(0, '127.0.0.1')
process.once('SIGTERM', leave)
await Promise.all(guards.map(enter))
console.log(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}`)

/** Resolves with the first lease, and goes on until the end. */
function enter({ authUrl, ...who }: (typeof guards)[number]): Promise<void> {
  return new Promise(resolve => {
    void follow(`${authUrl}/guards/poll`, who, () => {
      counts.leased += 1
      resolve()
    })
  })
}

async function follow(url: string, who: object, onLease: () => void): Promise<void> {
  let known: { feedId?: string; after?: number } = {}
  for (let isLeased = false; !isStopping; ) {
    const answer = await post<PollResponse>(url, { ...who, ...known }).catch(() => undefined)
    counts.polls += 1
    if (answer === undefined) {
      await pause(100)
      continue
    }
    const { feedId, head, entries, more, leaseMs } = answer
    known = { feedId, after: more ? (entries.at(-1)?.seq ?? head) : head }
    if (leaseMs > 0 && !isLeased) {
      isLeased = true
      onLease()
    }
  }
}

/** So that no revocation waits for them. */
async function leave(): Promise<void> {
  isStopping = true
  await Promise.all(
    guards.map(({ authUrl, guard }) => post(`${authUrl}/guards/leave`, { guard }).catch(() => undefined)),
  )
  process.exit(0)
}

function post<Answer>(url: string, body: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = ask(url, { method: 'POST', headers, agent }, async response => {
      try {
        const answered = await text(response)
        if ((response.statusCode ?? 500) >= 300) throw new Error(`${response.statusCode}: ${answered}`)
        resolve(answered === '' ? ({} as Answer) : JSON.parse(answered))
      } catch (error) {
        reject(error)
      }
    })
    request.on('error', reject)
    request.end(JSON.stringify(body))
  })
}
