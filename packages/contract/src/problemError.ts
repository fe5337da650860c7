/** The error that a handler throws to refuse a request. */
import type { ProblemCode } from './problems.ts'

/** One field of the request that is wrong. */
export interface FieldError {
  /** Its path in the request: `body/email`, `query/limit`, `headers/authorization`. */
  field: string
  /** What is wrong with it, as a phrase. It never contains the value. */
  reason: string
}

/** What a refusal adds to its row of the table. */
export interface ProblemExtras {
  /** For `request-malformed`: the fields that are wrong. */
  fields?: readonly FieldError[]
  /** For `insufficient-scope`: the scopes that the route requires. */
  scope?: readonly string[]
  /** Overrides the table's `Retry-After`, in seconds. */
  retryAfterSeconds?: number
  /** For a malformed Authorization header: `invalid_request` (RFC 6750 section 3.1). */
  challenge?: 'invalid_request'
  /** Further response headers. */
  headers?: Readonly<Record<string, string>>
  cause?: unknown
}

/**
 * A refusal. The problem details plugin makes the response from it.
 * @example
 * throw new ProblemError('not-found', `no session ${id}`)
 */
export class ProblemError extends Error {
  readonly code: ProblemCode
  readonly extras: ProblemExtras

  /**
   * @param code a code of the table `problems`
   * @param why the reason for the log; the response has the table's text instead
   * @param extras what this refusal adds to the table's row
   */
  constructor(code: ProblemCode, why: string, extras: ProblemExtras = {}) {
    super(why, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = 'ProblemError'
    this.code = code
    this.extras = extras
  }
}
