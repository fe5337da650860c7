/** Sends raw bytes, for requests that no HTTP client produces. */
import { connect } from 'node:net'
import type { Problem } from '@gatehouse/contract'
import type { HttpResponse } from '@gatehouse/testkit'

export interface RawResponse {
  /** 0 when the server closed the connection without a response. */
  status: number
  head: string
  body: Problem | undefined
  /** Number of responses on the connection. */
  count: number
}

/** How long to wait for a second response on the same connection. */
const listenMs = 50

/** Sends all bytes and reads until the server closes or is silent for `listenMs`. */
export function sendRaw(url: string, bytes: string | Buffer): Promise<RawResponse> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes))
    // Not earlier: Node abandons a request whose client has ended the connection.
    socket.on('data', chunk => {
      chunks.push(chunk)
      setTimeout(() => socket.end(), listenMs)
    })
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString('latin1'))))
    // A server that refuses a request may close before it has read all of it.
    socket.on('error', error => ('code' in error && error.code !== 'ECONNREFUSED' ? undefined : reject(error)))
  })
}

/** A request with exactly these header lines. */
export function rawRequest(start: string, lines: string[], body = ''): string {
  return [`${start} HTTP/1.1`, ...lines, '', body].join('\r\n')
}

function parse(text: string): RawResponse {
  const [head = '', rest = ''] = text.split('\r\n\r\n', 2)
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0)
  const isProblem = /content-type: application\/problem\+json/i.test(head)
  const count = text.match(/^HTTP\/1\.1 \d{3} /gm)?.length ?? 0
  return { status, head, body: isProblem ? JSON.parse(rest) : undefined, count }
}

/** Like `TestService.call`, but every part of the request is the caller's. */
export async function fetchResponse(url: string, init: RequestInit): Promise<HttpResponse> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = /\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}
