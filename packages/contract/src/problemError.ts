/** The error that a handler throws to refuse a request. */
import { type ProblemSummary, problemHeaders, problemSummary } from './problemDetails.ts'
import type { ProblemExtras } from './problemExtras.ts'
import { type ProblemCode, problemDefinition } from './problems.ts'

/** Marks instances of every copy of the class. */
const brand = Symbol.for('gatehouse.ProblemError')

/**
 * A refusal. The problem details plugin makes the response from it.
 *
 * An application without that plugin answers with the same status and headers: error handlers of
 * Fastify and Express read `statusCode`, and Fastify's default handler sends `headers`.
 *
 * A process can contain this module twice: Next bundles it for each route. `instanceof` accepts the
 * instances of every copy.
 * @example
 * throw new ProblemError('not-found', `no session ${id}`)
 */
export class ProblemError extends Error {
  readonly code: ProblemCode
  /** The reason, for the log only. `message` is the table's text, which a response may contain. */
  readonly why: string
  readonly extras: ProblemExtras

  /**
   * @param code a code of the table `problems`
   * @param why the reason for the log; the response has the table's text instead
   * @param extras what this refusal adds to the table's row
   */
  constructor(code: ProblemCode, why: string, extras: ProblemExtras = {}) {
    super(problemDefinition(code).title, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = 'ProblemError'
    this.code = code
    this.why = why
    this.extras = extras
  }

  static override [Symbol.hasInstance](value: unknown): value is ProblemError {
    return typeof value === 'object' && value !== null && brand in value
  }

  get [brand](): true {
    return true
  }

  get statusCode(): number {
    return problemDefinition(this.code).status
  }

  /** The response headers, with a challenge that names no realm. */
  get headers(): Record<string, string> {
    return problemHeaders(this.code, this.extras)
  }

  /** The problem details without `type` and `requestId`, which depend on the service. */
  toJSON(): ProblemSummary {
    return problemSummary(this.code, this.extras)
  }
}

/**
 * A `conflict` whose response says what the request conflicts with.
 * @param reason a phrase without a full stop, for the log and for the response
 */
export function conflict(reason: string): ProblemError {
  return new ProblemError('conflict', reason, { detail: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.` })
}

/**
 * A `request-malformed` that names one field.
 * @param field its path in the request, such as `body/email`
 * @param reason what is wrong with it, as a phrase without its value
 */
export function malformed(field: string, reason: string): ProblemError {
  return new ProblemError('request-malformed', `${field} ${reason}`, { fields: [{ field, reason }] })
}
