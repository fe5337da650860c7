/** Many guards in one process that only poll, so that their cost is the feed's. */
import { randomUUID } from 'node:crypto'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { PollResponse } from '@gatehouse/contract'

interface Config {
  authUrls: string[]
  count: number
  /** Of HTTP Basic authentication. */
  credentials: string
}

const { authUrls, count, credentials }: Config = JSON.parse(process.env['BENCH_GUARDS'] ?? '{}')
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const headers = {
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
  'content-type': 'application/json',
}
const guards = Array.from({ length: count }, (_, index) => ({
  guard: randomUUID(),
  name: `simulated-${index + 1}`,
  version: '0',
  authUrl: authUrls[index % authUrls.length] ?? '',
}))
let polls = 0
let isStopping = false

const server = createServer((_request, response) => response.end(JSON.stringify({ polls })))
server.listen(0, '127.0.0.1')
process.once('SIGTERM', leaveAndExit)
await Promise.all(guards.map(start))
console.log(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}`)

/** Resolves with the first lease. Polling goes on until the process stops. */
function start({ authUrl, ...identity }: (typeof guards)[number]): Promise<void> {
  return new Promise(resolve => {
    void poll(`${authUrl}/guards/poll`, identity, resolve)
  })
}

async function poll(url: string, identity: object, onLease: () => void): Promise<void> {
  let position: { feedId?: string; after?: number } = {}
  while (!isStopping) {
    const response = await post<PollResponse>(url, { ...identity, ...position }).catch(() => undefined)
    polls += 1
    if (response === undefined) {
      await pause(100)
      continue
    }
    const { feedId, head, entries, more, leaseMs } = response
    position = { feedId, after: more ? (entries.at(-1)?.seq ?? head) : head }
    if (leaseMs > 0) onLease()
  }
}

async function leaveAndExit(): Promise<void> {
  isStopping = true
  await Promise.all(
    guards.map(({ authUrl, guard }) => post(`${authUrl}/guards/leave`, { guard }).catch(() => undefined)),
  )
  process.exit(0)
}

function post<Body>(url: string, body: object): Promise<Body> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent }, async response => {
      try {
        const received = await text(response)
        if ((response.statusCode ?? 500) >= 300) throw new Error(`${response.statusCode}: ${received}`)
        resolve(received === '' ? ({} as Body) : JSON.parse(received))
      } catch (error) {
        reject(error)
      }
    })
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}
