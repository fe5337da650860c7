/** Calls of the public API. */
import { ClientError, isProblem } from '@gatehouse/client'
import { reauthenticate } from './reauthenticate.ts'
import { client, isAway, root } from './session.ts'

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  /** The `ETag` of what the user saw. */
  ifMatch?: string | undefined
  /** How long a revoking call waits until it is in force; the service's own limit without it. */
  waitSeconds?: number
  /** Makes a creation safe to repeat. */
  key?: string
}

export interface Answer<Data> {
  status: number
  data: Data
  etag: string | undefined
}

/**
 * Asks for the password and repeats the call where the service wants a recent log-in.
 * @throws ProblemError the refusal
 * @throws ClientError | TypeError when the service does not answer
 */
export async function call<Data>(path: string, request: Call = {}): Promise<Answer<Data>> {
  const response = await send(path, request).catch(async error => {
    if (!isProblem(error) || !(await reauthenticate(error))) throw error
    return send(path, request)
  })
  const text = await response.text()
  const data = (text === '' ? undefined : JSON.parse(text)) as Data
  return { status: response.status, data, etag: response.headers.get('etag') ?? undefined }
}

async function send(path: string, { method = 'GET', body, ifMatch, waitSeconds, key }: Call): Promise<Response> {
  const headers = new Headers()
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (ifMatch !== undefined) headers.set('if-match', ifMatch)
  if (waitSeconds !== undefined) headers.set('prefer', `wait=${waitSeconds}`)
  if (key !== undefined) headers.set('idempotency-key', key)
  const init = {
    method,
    headers,
    cache: 'no-store',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  } as const
  try {
    const response = await client.fetch(new URL(path, root), init)
    if (response.status >= 500) throw new TypeError(`${response.status} without a problem`)
    isAway.set(false)
    return response
  } catch (error) {
    isAway.set(isOutage(error))
    throw error
  }
}

/** An outage says nothing about the session and ends by itself. */
export function isOutage(error: unknown): boolean {
  if (isProblem(error)) return error.problem.status >= 500
  if (error instanceof ClientError) return error.code === 'unreachable'
  return error instanceof TypeError
}
