/** A request whose body arrives long after its header. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Problem } from '@gatehouse/contract'

export interface SlowRequest {
  method: string
  path: string
  token: string
  body: object
  headers?: Record<string, string>
}

export interface SlowResponse {
  status: number
  body: Problem | undefined
}

/**
 * Sends the header and the first byte of the body, and resolves when the service has begun to read
 * the body.
 * @returns a function that sends the rest and returns the response
 */
export async function beginSlowRequest(
  url: string,
  { method, path, token, body, headers = {} }: SlowRequest,
): Promise<() => Promise<SlowResponse>> {
  const { hostname, port, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  const bytes = JSON.stringify(body)
  const lines = Object.entries({
    host,
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(bytes)),
    // The service answers `100 Continue` when it has the header.
    expect: '100-continue',
    connection: 'close',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`)
  socket.write([`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
  await once(socket, 'data')
  socket.write(bytes.slice(0, 1))

  return async () => {
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    const closed = once(socket, 'close')
    socket.write(bytes.slice(1))
    await closed
    const text = Buffer.concat(chunks).toString('utf8')
    const [head = '', rest = ''] = text.split('\r\n\r\n', 2)
    const isProblem = /content-type: application\/problem\+json/i.test(head)
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0)
    return { status, body: isProblem ? (JSON.parse(rest) as Problem) : undefined }
  }
}
