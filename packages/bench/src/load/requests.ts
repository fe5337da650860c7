/** The requests that the loads are made of, as they go over the wire. */
import type { Session } from '../environment.ts'
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

/** How a server is asked for a renewal, and where its answer holds the successor. */
export interface Dialect {
  request: (refreshToken: string) => string
  successor: RegExp
}

export const ours: Dialect = {
  request: refreshToken => postJson('/session/renew', { refreshToken }),
  successor: /"refreshToken":"([^"]+)"/,
}

/** RFC 6749 section 6, by a client without a secret. */
export function formRefresh(path: string, clientId: string): Dialect {
  const about = `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n`
  return {
    request: refreshToken => {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: clientId,
        refresh_token: refreshToken,
      })
      const text = form.toString()
      return `${about}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
    },
    successor: /"refresh_token":"([^"]+)"/,
  }
}

/** Renewals: each session in turn, with the token that its last renewal brought. */
export function renewals(
  sessions: readonly Pick<Session, 'refreshToken'>[],
  dialect: Dialect = ours,
): () => Exchange | undefined {
  const tokens = sessions.map(({ refreshToken }) => refreshToken)
  return () => {
    const refreshToken = tokens.shift()
    if (refreshToken === undefined) return undefined
    return {
      request: dialect.request(refreshToken),
      // What was refused is counted by the load, and asked again.
      done: answered =>
        tokens.push(answered.status < 400 ? successorIn(answered, refreshToken, dialect) : refreshToken),
    }
  }
}

/** A server that does not rotate would be asked for less than the others. */
function successorIn({ body }: Answered, refreshToken: string, { successor }: Dialect): string {
  const found = successor.exec(body)?.[1]
  if (found === undefined || found === refreshToken) throw new Error(`a renewal without a new refresh token:\n${body}`)
  return found
}

/** The same requests over and over, in turn. */
export function again(requests: readonly string[]): () => Exchange {
  let count = 0
  return () => {
    count += 1
    return { request: requests[count % requests.length] ?? '', done: () => undefined }
  }
}
