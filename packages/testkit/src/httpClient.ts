/** HTTP as a client sees it: JSON in, JSON out, on connections that are kept. */

export interface HttpResponse {
  status: number
  headers: Headers
  /** Parsed when it is JSON, else the text; null when there is none. */
  body: unknown
}

export interface CallOptions {
  method?: string
  token?: string
  /** A text is sent as it is, anything else as JSON. */
  body?: unknown
  headers?: Record<string, string>
  timeoutMs?: number
}

export type Call = (path: string, options?: CallOptions) => Promise<HttpResponse>

export function httpClient(url: string): Call {
  return async (path, { method, token, body, headers = {}, timeoutMs = 30_000 } = {}) => {
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

/** The code of a refusal. */
export function codeOf({ body }: HttpResponse): string | undefined {
  return (body as { code?: string } | null)?.code
}
