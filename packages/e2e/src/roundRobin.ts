/** The smallest gateway: asks one instance after the other, and the next one when a connection was refused. */

import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Call, CallOptions, HttpResponse } from '@gatehouse/testkit'

export interface RoundRobin {
  call: Call
  /** How often a connection was broken before a word was said on it. */
  broken: () => number
  close: () => void
}

/**
 * An instance may close a connection, new or idle, while our first word is on its way: it has not heard it, and no server can
 * help that (RFC 9112 section 9.3.1). It must stay rare.
 */
class Unheard extends Error {}

/** @param isKept whether connections are kept and used again, as gateways do, or made for each request */
export function roundRobin(urls: readonly string[], { isKept }: { isKept: boolean }): RoundRobin {
  const agent = new Agent({ keepAlive: isKept, timeout: idleMs })
  let turn = 0
  let broken = 0

  /** What was heard is never said again: only an instance that was not there is passed over. */
  const call: Call = async (path, options = {}) => {
    turn += 1
    const first = turn
    for (let tried = 0; ; tried += 1) {
      const url = urls[(first + tried) % urls.length] ?? ''
      try {
        return await send(agent, url + path, options)
      } catch (error) {
        const isAbsent = error instanceof Unheard || (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
        if (!isAbsent || tried === roundsOfTries * urls.length) throw error
        if (error instanceof Unheard) broken += 1
      }
    }
  }
  return { call, broken: () => broken, close: () => agent.destroy() }
}

/** Shorter than an instance drains, so that it seldom closes what we are about to use. */
const idleMs = 200
/** On a busy machine the second instance may be going by the time that the first is known to be away. */
const roundsOfTries = 2

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
    signal: AbortSignal.timeout(timeoutMs ?? 10_000),
  }
  return new Promise((resolve, reject) => {
    const asking = request(url, options, async answer => {
      const said = await text(answer)
      const told = new Headers(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]))
      resolve({ status: answer.statusCode ?? 0, headers: told, body: said === '' ? null : JSON.parse(said) })
    })
    let readBefore = 0
    asking.on('socket', socket => {
      readBefore = socket.bytesRead
    })
    asking.on('error', (error: NodeJS.ErrnoException) => {
      const isUnheard = error.code === 'ECONNRESET' && (asking.socket?.bytesRead ?? 0) === readBefore
      reject(isUnheard ? new Unheard(url, { cause: error }) : error)
    })
    asking.end(content)
  })
}
