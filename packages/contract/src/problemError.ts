/** The one error that a handler throws to say no. */
import type { ProblemCode } from './problems.ts'

export interface FieldError {
  /** Where in the request, as a path: `body/email`, `query/limit`, `headers/authorization`. */
  field: string
  /** What is wrong with it, in plain words. Never the value itself. */
  reason: string
}

export interface ProblemExtras {
  /** For `request-malformed`: what is wrong, and where. */
  fields?: readonly FieldError[]
  /** For `insufficient-scope`: what was needed. */
  scope?: readonly string[]
  /** Overrides the table's `Retry-After`, in seconds. */
  retryAfterSeconds?: number
  /** For a malformed Authorization header: `invalid_request` (RFC 6750 section 3.1). */
  challenge?: 'invalid_request'
  /** Further response headers. */
  headers?: Readonly<Record<string, string>>
  cause?: unknown
}

export class ProblemError extends Error {
  readonly code: ProblemCode
  readonly extras: ProblemExtras

  /**
   * @param code a code of the table of outcomes
   * @param why for our log only; the caller reads the table's words
   * @param extras what the reply carries besides
   */
  constructor(code: ProblemCode, why: string, extras: ProblemExtras = {}) {
    super(why, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = 'ProblemError'
    this.code = code
    this.extras = extras
  }
}
