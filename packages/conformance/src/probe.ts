/** Sends requests to the guard under test. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

export interface ProbeResponse {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** The `code` of a problem, `pass` for a 2xx, else the status. */
  result: string
  body: string
}

export interface ProbeOptions {
  authorization?: readonly string[]
  query?: string
  method?: string
  body?: string
}

export interface OpenStream {
  /** The response to the request. */
  status: number
  /** Resolves when the response has ended. */
  ended: Promise<void>
  isOpen(): boolean
  destroy(): void
}

export interface Probe {
  send(path: string, options?: ProbeOptions): Promise<ProbeResponse>
  /** Sends the header section and half of a body; `finish` sends the rest. */
  sendSlowly(path: string, options: { authorization: string; body: string }): { finish(): Promise<ProbeResponse> }
  /** Opens a response that stays open. Resolves when its first bytes have arrived. */
  open(path: string, authorization: string): Promise<OpenStream>
}

/** A guard answers within milliseconds; a frozen one answers when it runs again. */
const timeoutMs = 15_000

/** @param base the URL of the guard under test */
export function createProbe(base: string): Probe {
  const start = (path: string, { authorization = [], query, method = 'GET', body }: ProbeOptions): ClientRequest => {
    const url = new URL(query === undefined ? path : `${path}?${query}`, base)
    const headers: string[] = ['host', url.host, 'connection', 'close']
    for (const value of authorization) headers.push('authorization', value)
    if (body !== undefined)
      headers.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(body)))
    // A list keeps a field that is given twice. A kept connection could be one that the guard is closing.
    return httpRequest(url, {
      method,
      headers: headers as unknown as Record<string, string>,
      agent: false,
      timeout: timeoutMs,
    })
  }

  return {
    async send(path, options = {}) {
      const request = start(path, options)
      const response = responseTo(request)
      request.end(options.body)
      return read(await response)
    },
    sendSlowly(path, { authorization, body }) {
      const request = start(path, { method: 'POST', authorization: [authorization], body })
      const response = responseTo(request).then(read)
      response.catch(() => undefined)
      const middle = Math.floor(body.length / 2)
      request.write(body.slice(0, middle))
      return {
        finish() {
          request.end(body.slice(middle))
          return response
        },
      }
    },
    async open(path, authorization) {
      const request = start(path, { authorization: [authorization] })
      const opening = responseTo(request)
      request.end()
      const response = await opening
      const ended = new Promise<void>(resolve => response.once('close', resolve).once('error', () => resolve()))
      let isOpen = true
      ended.then(() => {
        isOpen = false
      })
      await new Promise(resolve => response.once('data', resolve).once('close', resolve))
      response.resume()
      return { status: response.statusCode ?? 0, ended, isOpen: () => isOpen, destroy: () => void request.destroy() }
    },
  }
}

function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).on('error', reject)
    request.once('timeout', () => request.destroy(new Error('the guard did not answer')))
  })
}

async function read(response: IncomingMessage): Promise<ProbeResponse> {
  const { statusCode: status = 0, headers } = response
  const body = await text(response)
  return { status, headers, body, result: resultOf(status, body) }
}

function resultOf(status: number, body: string): string {
  if (status >= 200 && status < 300) return 'pass'
  try {
    const { code } = JSON.parse(body)
    return typeof code === 'string' ? code : String(status)
  } catch {
    return String(status)
  }
}
