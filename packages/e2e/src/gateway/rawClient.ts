/** A client that sends what it is told to, byte for byte: paths are not tidied, headers not checked. */

import { type Agent, type IncomingMessage, request } from 'node:http'
import { createConnection } from 'node:net'
import { text } from 'node:stream/consumers'
import type { HttpResponse } from '@gatehouse/testkit'

export interface Sending {
  method?: string
  path: string
  token?: string
  /** Sent as JSON unless it is a text. */
  body?: unknown
  headers?: Record<string, string | string[]>
  /** An address of our own to come from: 127.0.0.2 and its like are other visitors. */
  from?: string
  agent?: Agent
  timeoutMs?: number
}

export async function send(url: string, sending: Sending): Promise<HttpResponse> {
  const response = await open(url, sending)
  const said = await text(response)
  const isJson = response.headers['content-type']?.includes('json')
  const headers = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]))
  return { status: response.statusCode ?? 0, headers, body: said === '' ? null : isJson ? JSON.parse(said) : said }
}

/** The answer as it begins, for what does not end soon. */
export function open(url: string, sending: Sending): Promise<IncomingMessage> {
  const { method, path, token, body, headers = {}, from = '127.0.0.1', agent, timeoutMs = 30_000 } = sending
  const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const { hostname, port } = new URL(url)
  const options = {
    host: hostname,
    port,
    path,
    method: method ?? (content === undefined ? 'GET' : 'POST'),
    localAddress: from,
    ...(agent === undefined ? {} : { agent }),
    headers: {
      ...(content === undefined
        ? {}
        : {
            'content-type': 'application/json',
            ...(headers['transfer-encoding'] ? {} : { 'content-length': String(Buffer.byteLength(content)) }),
          }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    signal: AbortSignal.timeout(timeoutMs),
  }
  return new Promise((resolve, reject) => {
    request(options, resolve).on('error', reject).end(content)
  })
}

export interface Raw {
  /** All that came until the other side closed. */
  text: string
  /** How long that took. */
  ms: number
}

/** Says something that may not be HTTP, and waits until the other side hangs up. */
export function sendRaw(port: number, said: string, timeoutMs = 20_000): Promise<Raw> {
  const startMs = performance.now()
  const socket = createConnection(port, '127.0.0.1', () => socket.write(said))
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`still open after ${timeoutMs} ms`)))
  return new Promise((resolve, reject) => {
    let heard = ''
    const end = () => resolve({ text: heard, ms: performance.now() - startMs })
    socket.setEncoding('utf8').on('data', chunk => {
      heard += chunk
    })
    // Whoever closes while we still write resets the connection.
    socket.on('end', end).on('error', error => (/ECONNRESET|EPIPE/.test(error.message) ? end() : reject(error)))
  })
}
