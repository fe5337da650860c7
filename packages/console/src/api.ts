/** Calls of the public API. */
import { type ClientError, isProblem } from '@gatehouse/client'
import { client, isAway, root } from './session.ts'

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
}

export interface Answer<Data> {
  data: Data
  etag: string | null
}

/** Of revoking calls: the receipt that comes within a second may still be open, and its events bring the rest. */
export const soon = { prefer: 'wait=1' }

/**
 * @throws ProblemError the refusal
 * @throws ClientError | TypeError when the service does not answer
 */
export async function call<Data>(
  path: string,
  { method = 'GET', body, headers = {} }: Call = {},
): Promise<Answer<Data>> {
  try {
    const response = await client.fetch(new URL(path, root), {
      method,
      ...(body === undefined
        ? { headers }
        : { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new TypeError(`${response.status} without a problem`)
    const text = await response.text()
    isAway.set(false)
    return { data: (text && JSON.parse(text)) as Data, etag: response.headers.get('etag') }
  } catch (error) {
    // An outage says nothing about the session and ends by itself.
    isAway.set(isProblem(error) ? error.problem.status >= 500 : (error as ClientError).code !== 'session-changed')
    throw error
  }
}
