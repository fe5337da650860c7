/** What the adapters share: their options, and the response to a refused request. */
import { randomUUID } from 'node:crypto'
import { ProblemError, problemResponse } from '@gatehouse/contract'
import type { Caller } from '@gatehouse/guard-core'

/** The options of an adapter. */
export interface AdapterOptions {
  /** The base URL of the pages that describe problems: `type` is this, a slash and the code. */
  problemBase: string
  /** The protection space that challenges name (RFC 9110 section 11.5). */
  realm: string
  /** The URL of the resource's metadata, which Bearer challenges name (RFC 9728 section 5.1). */
  resourceMetadata?: string
  /** Creates the `requestId` of a problem. The default is a random UUID. */
  requestId?: () => string
  /** Receives each refusal, for the log. `why` is the reason, which no response contains. */
  onRefused?: (problem: ProblemError, requestId: string) => void
}

/** A complete response with problem details (RFC 9457). */
export interface RefusalResponse {
  status: number
  headers: Record<string, string>
  body: string
}

/** @throws the error itself when it is no ProblemError */
export function refusalOf(error: unknown, options: AdapterOptions): RefusalResponse {
  if (!(error instanceof ProblemError)) throw error
  const { problemBase, realm, resourceMetadata } = options
  const requestId = (options.requestId ?? randomUUID)()
  options.onRefused?.(error, requestId)
  const { status, headers, body } = problemResponse(error.code, error.extras, {
    problemBase,
    realm,
    resourceMetadata,
    requestId,
  })
  return { status, headers, body: JSON.stringify(body) }
}

/** The callers of the requests that an adapter has admitted. */
export interface Callers {
  set(request: object, caller: Caller): void
  /** @throws TypeError when the request was not admitted: its route is not guarded */
  of(request: object): Caller
}

export function createCallers(): Callers {
  const callers = new WeakMap<object, Caller>()
  return {
    set: (request, caller) => void callers.set(request, caller),
    of(request) {
      const caller = callers.get(request)
      if (caller === undefined) throw new TypeError('the route of this request is not guarded')
      return caller
    },
  }
}
