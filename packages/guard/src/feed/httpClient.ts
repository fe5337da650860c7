/** A request to another service that can neither take for ever nor answer without end. */
import * as http from 'node:http'
import * as https from 'node:https'
import type { Clock } from '@gatehouse/clock'

export interface HttpRequest {
  url: string
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
  timeoutMs: number
  maxBytes: number
  /** Ends it early: the process is stopping. */
  signal?: AbortSignal
}

/** What came back: any status is an answer, and no redirect is followed, since we know whom we asked. */
export interface HttpResponse {
  status: number
  text: string
}

/** Thrown when there was no answer in time. */
export class TimeoutError extends Error {}

/** How long a connection may lie idle: what stands between forgets it some time, and tells nobody. */
const agentOptions = { keepAlive: true, timeout: 4000 }
const httpAgent = new http.Agent(agentOptions)
const httpsAgent = new https.Agent(agentOptions)

/**
 * Asks, and reads the whole answer within the limits.
 *
 * Not by the global `fetch`, which costs each poll twice as much, and each start the loading of it
 * (docs/decisions/0027-guards-poll-over-node-http.md).
 */
export async function httpClient(clock: Clock, options: HttpRequest): Promise<HttpResponse> {
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
    () => abort(new TimeoutError(`no answer within ${timeoutMs} ms`)),
    () => {},
  )
  try {
    const response = await responseTo(request, options.body)
    return { status: response.statusCode ?? 0, text: await readBody(response, maxBytes) }
  } catch (error) {
    throw abortReason ?? error
  } finally {
    timer.abort('answered')
    signal?.removeEventListener('abort', stop)
  }
}

function createRequest({ url, method = 'GET', headers = {} }: HttpRequest): http.ClientRequest {
  return url.startsWith('https:')
    ? https.request(url, { method, headers, agent: httpsAgent })
    : http.request(url, { method, headers, agent: httpAgent })
}

function responseTo(request: http.ClientRequest, body: string | undefined): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve).on('error', reject).end(body)
  })
}

/** An answer that is left before its end is cut off with its connection. */
async function readBody(response: http.IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size > maxBytes) throw new RangeError(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
