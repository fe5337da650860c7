/** Sends a request and compares the answer with a problem of the table. */
import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Action, Problem, type ProblemCode, ProblemError, problemDefinition } from '@gatehouse/contract'
import { Compile } from 'typebox/schema'

export interface RawResponse {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

/** The wall time at which fake clocks start, in milliseconds. */
export const startMs = 1_790_000_000_000

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}

export function send(port: number, path: string, headers: Record<string, string | string[]>): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, path, headers, host: '127.0.0.1', agent: false }, async response => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: await text(response) })
    })
    request.on('error', reject).end()
  })
}

const isProblem = Compile(Problem)

/** @returns the first difference from the problem's status, body and headers; null if there is none */
export function problemMismatch(response: RawResponse, code: ProblemCode): string | null {
  const row = problemDefinition(code)
  if (response.status !== row.status) return `status ${response.status}: ${response.text}`
  const body: { code?: string; action?: Action } = JSON.parse(response.text)
  if (!isProblem.Check(body)) return `not a problem: ${response.text}`
  if (body.code !== code || body.action !== row.action) return `${body.code}, ${body.action}`
  const { headers } = response
  if (headers['content-type'] !== 'application/problem+json') return `type ${headers['content-type']}`
  if (headers['cache-control'] !== 'no-store') return 'can be cached'
  if (row.status === 401 && !String(headers['www-authenticate']).startsWith('Bearer realm="warehouse"'))
    return 'no challenge'
  if (row.action === 'retry' && headers['retry-after'] === undefined) return 'no Retry-After'
  return null
}

/** @returns the code of the ProblemError that `action` throws; null if it does not throw */
export async function problemCodeOf(action: () => unknown): Promise<ProblemCode | null> {
  try {
    await action()
    return null
  } catch (error) {
    if (error instanceof ProblemError) return error.code
    throw error
  }
}
