/** The requests that the loads are made of, as they go over the wire. */
import type { Session } from '../place.ts'
import type { Exchange } from './load.ts'
import type { Answered } from './reader.ts'

export function getWith(path: string, token?: string): string {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`
  return `GET ${path} HTTP/1.1\r\nHost: bench\r\n${authorization}\r\n`
}

export function postJson(path: string, body: object): string {
  const text = JSON.stringify(body)
  const head = `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`
  return head + text
}

/** Renewals: each session in turn, with the token that its last renewal brought. */
export function renewals(sessions: readonly Session[]): () => Exchange | undefined {
  const tokens = sessions.map(({ refreshToken }) => refreshToken)
  return () => {
    const refreshToken = tokens.shift()
    if (refreshToken === undefined) return undefined
    return {
      request: postJson('/session/renew', { refreshToken }),
      done: answered => tokens.push(successorIn(answered) ?? refreshToken),
    }
  }
}

function successorIn({ status, body }: Answered): string | undefined {
  return status === 200 ? /"refreshToken":"([^"]+)"/.exec(body)?.[1] : undefined
}

/** The same requests over and over, in turn. */
export function again(requests: readonly string[]): () => Exchange {
  let count = 0
  return () => {
    count += 1
    return { request: requests[count % requests.length] ?? '', done: () => undefined }
  }
}
