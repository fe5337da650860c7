/** A JSON client over HTTP with keep-alive connections. */
import { eventTimeoutMs } from './timeouts.ts'

export interface HttpResponse {
  status: number
  headers: Headers
  /** Parsed JSON, else the text; null if empty. */
  body: unknown
}

export interface CallOptions {
  method?: string
  token?: string
  /** A string is sent as it is, any other value as JSON. */
  body?: unknown
  headers?: Record<string, string>
  timeoutMs?: number
}

export type Call = (path: string, options?: CallOptions) => Promise<HttpResponse>

export function httpClient(url: string): Call {
  return async (path, { method, token, body, headers = {}, timeoutMs = eventTimeoutMs } = {}) => {
    const response = await fetch(url + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await response.text()
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? null : isJson ? JSON.parse(text) : text,
    }
  }
}

/** The code of a problem. */
export function codeOf({ body }: Pick<HttpResponse, 'body'>): string | undefined {
  return (body as { code?: string } | null)?.code
}
