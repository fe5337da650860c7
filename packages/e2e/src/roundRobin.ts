/**
 * A minimal load balancer: takes instances in turn, and the next instance when a connection is
 * refused.
 */

import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Call, type CallOptions, eventTimeoutMs, type HttpResponse } from '@gatehouse/testkit'

export interface RoundRobin {
  call: Call
  /** How many connections were reset before a byte of the answer. */
  lostConnections: () => number
  close: () => void
}

/**
 * A server may close a connection, new or idle, while the request is in transit, without having
 * read it. No server can prevent that (RFC 9112 section 9.3.1); it must stay rare.
 */
class ConnectionLost extends Error {}

/**
 * @param isKept whether connections are kept and used again, as gateways do, or made for each
 * request
 */
export function roundRobin(urls: readonly string[], { keepAlive }: { keepAlive: boolean }): RoundRobin {
  const agent = new Agent({ keepAlive: keepAlive, timeout: idleMs })
  let turn = 0
  let broken = 0

  /** Never repeats a request that an instance has begun to answer. */
  const call: Call = async (path, options = {}) => {
    turn += 1
    const first = turn
    for (let attempt = 0; ; attempt += 1) {
      const url = urls[(first + attempt) % urls.length] ?? ''
      try {
        return await send(agent, url + path, options)
      } catch (error) {
        const isUnreachable =
          error instanceof ConnectionLost || (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
        if (!isUnreachable || attempt === maxRounds * urls.length) throw error
        if (error instanceof ConnectionLost) broken += 1
      }
    }
  }
  return { call, lostConnections: () => broken, close: () => agent.destroy() }
}

/**
 * Shorter than DRAIN_MS, so that an instance seldom closes a connection that is about to be used.
 */
const idleMs = 200
/**
 * On a loaded machine the second instance may be stopping when the refusal of the first arrives.
 */
const maxRounds = 2

function send(
  agent: Agent,
  url: string,
  { method, token, body, headers, timeoutMs }: CallOptions,
): Promise<HttpResponse> {
  const content = body === undefined ? undefined : JSON.stringify(body)
  const options = {
    agent,
    method: method ?? (content === undefined ? 'GET' : 'POST'),
    headers: {
      ...(content === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    signal: AbortSignal.timeout(timeoutMs ?? eventTimeoutMs),
  }
  return new Promise((resolve, reject) => {
    const clientRequest = request(url, options, async response => {
      const bodyText = await text(response)
      const headers = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]))
      resolve({
        status: response.statusCode ?? 0,
        headers: headers,
        body: bodyText === '' ? null : JSON.parse(bodyText),
      })
    })
    let readBefore = 0
    clientRequest.on('socket', socket => {
      readBefore = socket.bytesRead
    })
    clientRequest.on('error', (error: NodeJS.ErrnoException) => {
      const isLost = error.code === 'ECONNRESET' && (clientRequest.socket?.bytesRead ?? 0) === readBefore
      reject(isLost ? new ConnectionLost(url, { cause: error }) : error)
    })
    clientRequest.end(content)
  })
}
