/** HTTP/1.1 requests of the loads, as text. */
import type { Session } from '../environment.ts'
import type { Exchange } from './load.ts'
import type { Response } from './reader.ts'

export function getRequest(path: string, token?: string): string {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`
  return `GET ${path} HTTP/1.1\r\nHost: bench\r\n${authorization}\r\n`
}

export function postJson(path: string, body: object): string {
  return post(path, 'application/json', JSON.stringify(body))
}

function post(path: string, type: string, body: string): string {
  const head = `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: ${type}\r\n`
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** How a client sends a renewal to a server, and where the response contains the successor. */
export interface RenewalApi {
  request: (refreshToken: string) => string
  successor: RegExp
}

export const gatehouseRenewal: RenewalApi = {
  request: refreshToken => postJson('/session/renew', { refreshToken }),
  successor: /"refreshToken":"([^"]+)"/,
}

/** RFC 6749 section 6, by a public client. */
export function formRenewal(path: string, clientId: string): RenewalApi {
  return {
    request: refreshToken => {
      const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken }
      return post(path, 'application/x-www-form-urlencoded', new URLSearchParams(form).toString())
    },
    successor: /"refresh_token":"([^"]+)"/,
  }
}

/** Renews each session in turn, with the token of its last renewal. */
export function renewals(
  sessions: readonly Pick<Session, 'refreshToken'>[],
  api: RenewalApi = gatehouseRenewal,
): () => Exchange | undefined {
  const tokens = sessions.map(({ refreshToken }) => refreshToken)
  return () => {
    const refreshToken = tokens.shift()
    if (refreshToken === undefined) return undefined
    return {
      request: api.request(refreshToken),
      // The load counts refused requests. Their token is sent again.
      onResponse: response =>
        tokens.push(response.status < 400 ? successorIn(response, refreshToken, api) : refreshToken),
    }
  }
}

/** Throws when the server does not rotate: the comparison would not be of the same work. */
function successorIn({ body }: Response, refreshToken: string, { successor }: RenewalApi): string {
  const token = successor.exec(body)?.[1]
  if (token === undefined || token === refreshToken) throw new Error(`a renewal without a new refresh token:\n${body}`)
  return token
}

/** Sends the same requests in turn, again and again. */
export function repeated(requests: readonly string[]): () => Exchange {
  let count = 0
  return () => {
    count += 1
    return { request: requests[count % requests.length] ?? '', onResponse: () => undefined }
  }
}

/** Stops after a number of requests. */
export function limited(times: number, next: () => Exchange | undefined): () => Exchange | undefined {
  let count = 0
  return () => {
    count += 1
    return count > times ? undefined : next()
  }
}
