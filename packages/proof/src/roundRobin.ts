/** The smallest gateway: asks one instance after the other, and the next one when a connection was refused. */
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Answer, Call, CallOptions } from './http.ts'

export interface RoundRobin {
  call: Call
  /** How often a new connection was broken before a word was said on it. */
  broken: () => number
  close: () => void
}

/** An instance may close its ear between our first word and its first look: no process can help that. */
class NeverAccepted extends Error {}

/** @param isKept whether connections are kept and used again, as gateways do, or made for each request */
export function roundRobin(urls: readonly string[], { isKept }: { isKept: boolean }): RoundRobin {
  const agent = new Agent({ keepAlive: isKept })
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
        const isAbsent = error instanceof NeverAccepted || (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
        if (!isAbsent || tried === roundsOfTries * urls.length) throw error
        if (error instanceof NeverAccepted) broken += 1
      }
    }
  }
  return { call, broken: () => broken, close: () => agent.destroy() }
}

/** On a busy machine the second instance may be going by the time that the first is known to be away. */
const roundsOfTries = 2

function send(agent: Agent, url: string, { method, token, body, headers, timeoutMs }: CallOptions): Promise<Answer> {
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
    asking.on('error', (error: NodeJS.ErrnoException) => {
      const isUnheard = error.code === 'ECONNRESET' && !asking.reusedSocket && asking.socket?.bytesRead === 0
      reject(isUnheard ? new NeverAccepted(url, { cause: error }) : error)
    })
    asking.end(content)
  })
}
