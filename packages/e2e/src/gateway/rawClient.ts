/** An HTTP client that sends requests unchanged: paths are not normalized, headers not checked. */

import { type Agent, type IncomingMessage, request } from 'node:http'
import { createConnection } from 'node:net'
import { text } from 'node:stream/consumers'
import { eventTimeoutMs, type HttpResponse } from '@gatehouse/testkit'

export interface RequestOptions {
  method?: string
  path: string
  token?: string
  /** A string is sent as it is, any other value as JSON. */
  body?: unknown
  headers?: Record<string, string | string[]>
  /** Local address: each of 127.0.0.0/8 is another client for the gateway. */
  from?: string
  agent?: Agent
  timeoutMs?: number
}

export async function send(url: string, sending: RequestOptions): Promise<HttpResponse> {
  const response = await open(url, sending)
  const bodyText = await text(response)
  const isJson = response.headers['content-type']?.includes('json')
  const headers = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]))
  return {
    status: response.statusCode ?? 0,
    headers,
    body: bodyText === '' ? null : isJson ? JSON.parse(bodyText) : bodyText,
  }
}

/** Resolves when the response headers arrive, for streams. */
export function open(url: string, sending: RequestOptions): Promise<IncomingMessage> {
  const { method, path, token, body, headers = {}, from = '127.0.0.1', agent, timeoutMs = eventTimeoutMs } = sending
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

export interface RawResponse {
  /** Everything received until the server closed. */
  text: string
  /** Time until the server closed, in milliseconds. */
  ms: number
}

/**
 * Sends raw bytes, which need not be HTTP, and waits until the server closes the connection.
 * @param part sent every second until then
 */
export function sendRaw(port: number, said: string, part = ''): Promise<RawResponse> {
  const timeoutMs = eventTimeoutMs
  const startMs = performance.now()
  const socket = createConnection(port, '127.0.0.1', () => socket.write(said))
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`still open after ${timeoutMs} ms`)))
  const parts = setInterval(() => part !== '' && socket.write(part), 1000)
  socket.on('close', () => clearInterval(parts))
  return new Promise((resolve, reject) => {
    let received = ''
    const end = () => resolve({ text: received, ms: performance.now() - startMs })
    socket.setEncoding('utf8').on('data', chunk => {
      received += chunk
    })
    // A server that closes while the client still writes resets the connection.
    socket.on('end', end).on('error', error => (/ECONNRESET|EPIPE/.test(error.message) ? end() : reject(error)))
  })
}
