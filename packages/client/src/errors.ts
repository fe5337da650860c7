/** Recognizes problem documents of Gatehouse services, and the errors that the client throws. */
import type { Action, ProblemCode, problems } from './problems.ts'

export interface Field {
  /** Where in the request: `body/email`, `query/limit`. */
  field: string
  reason: string
}

/** A problem document (RFC 9457) as the services send it. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: ProblemCode
  action: Action
  requestId: string
  fields?: readonly Field[]
}

/** A problem with one code: status and action are those of the table, and the code's own fields are present. */
export type ProblemOf<Code extends ProblemCode> = Problem & {
  code: Code
  status: (typeof problems)[Code]['status']
  action: (typeof problems)[Code]['action']
} & (Code extends 'request-malformed' ? { fields: readonly Field[] } : unknown)

/** The service refused the request; `problem` says why. */
export class ProblemError<Code extends ProblemCode = ProblemCode> extends Error {
  declare readonly problem: ProblemOf<Code>
  declare readonly code: Code
  /** From `Retry-After`, if the answer carries it. */
  declare readonly retryAfterMs: number | undefined

  constructor(problem: ProblemOf<Code>, retryAfterMs?: number) {
    super(problem.title)
    this.name = 'ProblemError'
    this.code = problem.code
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * - `unreachable`: the auth service gave no usable answer within the time limit; the session is kept
 * - `session-changed`: sign-in, sign-out or `close` happened while the call was under way
 * - `body-not-repeatable`: the request must be repeated, and its body is a stream
 */
export type ClientErrorCode = 'unreachable' | 'session-changed' | 'body-not-repeatable'

/** The client could not complete the call, for a reason that is not a problem document. */
export class ClientError extends Error {
  declare readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, cause?: unknown) {
    super(code, { cause })
    this.name = 'ClientError'
    this.code = code
  }
}

/** Narrows an error to a problem, and with a code to the fields of that problem. */
export function isProblem<Code extends ProblemCode = ProblemCode>(
  error: unknown,
  code?: Code,
): error is ProblemError<Code> {
  return error instanceof ProblemError && (code === undefined || error.code === code)
}

/**
 * Reads the problem in an answer.
 * @returns undefined for an answer that no Gatehouse service wrote: a proxy's page, a captive portal, another API's 401
 */
export async function readProblem(response: Response): Promise<ProblemError | undefined> {
  const isProblem = response.headers.get('content-type')?.includes('problem+json')
  const body =
    isProblem &&
    (await response
      .clone()
      .json()
      .catch(() => {}))
  if (body?.action && body.type?.endsWith(`/${body.code}`))
    return new ProblemError(body, Number(response.headers.get('retry-after')) * 1000 || undefined)
  return undefined
}

/** Whether a problem ends the session. A refused password says nothing about the session that carried it. */
export function endsSession({ code, action }: Problem): boolean {
  return code === 'account-disabled' || (action === 'login' && !/^(credentials|password)/.test(code))
}
