/** Bytes as they are, for what no HTTP client would send. */
import { connect } from 'node:net'
import type { Problem } from '@gatehouse/contract'
import type { HttpResponse } from './service.ts'

export interface RawAnswer {
  /** 0 when the connection was closed without a word. */
  status: number
  head: string
  body: Problem | undefined
  /** How many answers came on the connection. */
  count: number
}

/** A further answer on the same connection would come within it. */
const listenMs = 50

/** Sends all, and reads until the server closes or has said nothing more for a moment. */
export function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes))
    // Not sooner: Node gives up a request whose sender has ended the connection.
    socket.on('data', chunk => {
      chunks.push(chunk)
      setTimeout(() => socket.end(), listenMs)
    })
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString('latin1'))))
    // A server that has said no may close before it has read everything.
    socket.on('error', error => ('code' in error && error.code !== 'ECONNREFUSED' ? undefined : reject(error)))
  })
}

/** A request with exactly these header lines. */
export function rawRequest(start: string, lines: string[], body = ''): string {
  return [`${start} HTTP/1.1`, ...lines, '', body].join('\r\n')
}

function parse(text: string): RawAnswer {
  const [head = '', rest = ''] = text.split('\r\n\r\n', 2)
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0)
  const isProblem = /content-type: application\/problem\+json/i.test(head)
  const count = text.match(/^HTTP\/1\.1 \d{3} /gm)?.length ?? 0
  return { status, head, body: isProblem ? JSON.parse(rest) : undefined, count }
}

/** As the stage's `call`, with every part of the request left to the caller. */
export async function fetchAnswer(url: string, init: RequestInit): Promise<HttpResponse> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = /\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}
