/** HTTP requests to other services, with limits on time and size. */
import * as http from 'node:http'
import * as https from 'node:https'
import type { Socket } from 'node:net'
import type { Clock } from '@gatehouse/clock'

export interface HttpRequest {
  url: string
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
  timeoutMs: number
  maxBytes: number
  /** Whether the headers are those of the response to this request. Otherwise its connection is closed. */
  isResponse?: (headers: http.IncomingHttpHeaders) => boolean
  /** Aborts the request, for example when the process stops. */
  signal?: AbortSignal
}

/**
 * A response of any status. Redirects are not followed: the guard knows the address of its auth
 * service.
 */
export interface HttpResponse {
  status: number
  text: string
}

/** The response did not arrive within the timeout. */
export class TimeoutError extends Error {}

/** Idle connections are closed after 4 s: a proxy or firewall can drop them without notice. */
const agentOptions = { keepAlive: true, timeout: 4000 }
const httpAgent = closingOnStrayBytes(new http.Agent(agentOptions))
const httpsAgent = closingOnStrayBytes(new https.Agent(agentOptions))

/**
 * Sends a request and reads the whole response within the limits. It uses node:http, since the
 * global `fetch` takes twice the time per poll and must be loaded at the start
 * (docs/decisions/0027-guards-poll-over-node-http.md).
 * @param clock measures the timeout
 * @param options the request and its limits
 * @throws TimeoutError, RangeError when the body exceeds `maxBytes`, Error for the response to another request, or an
 *   error of node:http
 */
export async function sendRequest(clock: Clock, options: HttpRequest): Promise<HttpResponse> {
  const { timeoutMs, maxBytes, signal } = options
  signal?.throwIfAborted()
  const request = createRequest(options)
  let abortReason: unknown
  const abort = (reason: unknown) => {
    abortReason = reason
    request.destroy()
  }
  const stop = () => abort(signal?.reason)
  signal?.addEventListener('abort', stop)
  const timer = new AbortController()
  clock.sleep(timeoutMs, timer.signal).then(
    () => abort(new TimeoutError(`no response within ${timeoutMs} ms`)),
    () => {},
  )
  try {
    const response = await responseTo(request, options.body)
    if (options.isResponse?.(response.headers) === false) {
      // The response to this request could arrive on the same connection, while the next one waits for its own.
      request.destroy()
      throw new Error('the response belongs to another request')
    }
    return { status: response.statusCode ?? 0, text: await readBody(response, maxBytes) }
  } catch (error) {
    throw abortReason ?? error
  } finally {
    timer.abort('done')
    signal?.removeEventListener('abort', stop)
  }
}

function createRequest({ url, method = 'GET', headers = {} }: HttpRequest): http.ClientRequest {
  return url.startsWith('https:')
    ? https.request(url, { method, headers, agent: httpsAgent })
    : http.request(url, { method, headers, agent: httpAgent })
}

/**
 * Closes an idle connection on which bytes arrive: they are no answer to the next request (RFC 9112
 * section 9.2). Node reads and drops them. It closes the connection itself when they come together
 * with a response.
 */
function closingOnStrayBytes<Agent extends http.Agent>(agent: Agent): Agent {
  const { keepSocketAlive, reuseSocket } = agent as Agent & SocketHooks
  const hooks: SocketHooks = {
    keepSocketAlive: socket => keepSocketAlive.call(agent, socket.on('data', closeConnection)),
    reuseSocket: (socket, request) => reuseSocket.call(agent, socket.off('data', closeConnection), request),
  }
  return Object.assign(agent, hooks)
}

/** What an agent does with a connection after a response and before the next request. */
interface SocketHooks {
  keepSocketAlive(socket: Socket): boolean
  reuseSocket(socket: Socket, request: http.ClientRequest): void
}

function closeConnection(this: Socket): void {
  this.destroy()
}

function responseTo(request: http.ClientRequest, body: string | undefined): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve).on('error', reject).end(body)
  })
}

/** Leaving the loop before the end of the body destroys the connection. */
async function readBody(response: http.IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size > maxBytes) throw new RangeError(`the response is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
