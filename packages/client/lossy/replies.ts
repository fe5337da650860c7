/** Answers that the lossy proxy passes on, or makes itself. */
import { once } from 'node:events'
import { type Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'

export interface Reply {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

export const empty = Buffer.alloc(0)

export interface Forwarded {
  method: string
  headers: IncomingMessage['headers']
  body: Buffer
  signal: AbortSignal
  agent: Agent
}

export async function forwardTo(url: string, { method, headers, body, signal, agent }: Forwarded): Promise<Reply> {
  const { connection, host, 'transfer-encoding': _, ...passed } = headers
  const outgoing = request(url, { method, agent, signal, headers: { ...passed, 'content-length': body.length } })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, body: await read(response) }
}

export async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export function send(outgoing: ServerResponse, { status, headers, body }: Reply): void {
  const { connection, 'keep-alive': _, 'transfer-encoding': __, ...passed } = headers
  outgoing.writeHead(status, { ...passed, ...(status === 204 ? {} : { 'content-length': body.length }) }).end(body)
}

/** What proxies and captive portals write: not a problem document. */
export function page(status: number): Reply {
  return { status, headers: { 'content-type': 'text/html' }, body: Buffer.from(`<h1>${status}</h1>`) }
}

export const overloaded: Reply = {
  status: 503,
  headers: { 'content-type': 'application/problem+json', 'retry-after': '1' },
  body: Buffer.from(
    JSON.stringify({
      type: 'https://proxy.test/problems/overloaded',
      title: 'Too busy right now.',
      status: 503,
      detail: 'Too busy right now.',
      code: 'overloaded',
      action: 'retry',
      requestId: 'proxy',
    }),
  ),
}
