/** Answers connections whose input never becomes a request: not HTTP, too slow, or headers too large. */
import type { Socket } from 'node:net'
import { type ProblemCode, problemResponse as replyTo } from '@gatehouse/contract'
import type { ProblemDetailsOptions } from './problemDetails.ts'

export interface ClientErrorOptions extends ProblemDetailsOptions {
  headers: Readonly<Record<string, string>>
}

/**
 * Creates the handler of Node's `clientError` event. There is no request, so it writes the response
 * to the socket and closes the connection. The status is 400, 408 or 431, since proxies act on
 * them; the code comes from the table of problems.
 * @param options the base URL of problem pages, the realm, and headers of every response
 * @param nextId creates a request id
 */
export function clientErrorHandler(options: ClientErrorOptions, nextId: () => string) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    socket.end(rawResponse(responseFor(error.code), { ...options, requestId: nextId() }))
  }
}

function responseFor(code: string | undefined): { status: number; phrase: string; code: ProblemCode } {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, phrase: 'Request Timeout', code: 'request-malformed' }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { status: 431, phrase: 'Request Header Fields Too Large', code: 'request-too-large' }
  }
  return { status: 400, phrase: 'Bad Request', code: 'request-malformed' }
}

function rawResponse(
  { status, phrase, code }: { status: number; phrase: string; code: ProblemCode },
  options: ClientErrorOptions & { requestId: string },
): string {
  const { headers, body } = replyTo(code, {}, options)
  const text = JSON.stringify({ ...body, status })
  const length = String(Buffer.byteLength(text))
  const lines = Object.entries({ ...options.headers, ...headers, 'content-length': length, connection: 'close' })
  return [`HTTP/1.1 ${status} ${phrase}`, ...lines.map(([name, value]) => `${name}: ${value}`), '', text].join('\r\n')
}
