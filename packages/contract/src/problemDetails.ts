/** A refusal as an HTTP answer: problem details (RFC 9457) with the challenge that belongs to it. */
import { type Static, Type } from 'typebox'
import type { ProblemExtras } from './problemError.ts'
import { type ProblemCode, problemCodes, problemDefinition } from './problems.ts'

export const problemMediaType = 'application/problem+json'

export const Problem = Type.Object(
  {
    type: Type.String({ format: 'uri', description: 'Ends in the code; a page stands there.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.Enum(problemCodes),
    action: Type.Enum(['renew', 'login', 'stop', 'retry']),
    requestId: Type.String(),
    fields: Type.Optional(Type.Array(Type.Object({ field: Type.String(), reason: Type.String() }))),
  },
  { $id: 'Problem', description: 'Why a request was refused, and what to do next (RFC 9457).' },
)
export type Problem = Static<typeof Problem>

export interface ProblemOptions {
  /** Where the pages of the problems stand: `type` is this, a slash and the code. */
  problemBase: string
  realm: string
  requestId: string
}

export interface ProblemResponse {
  status: number
  headers: Record<string, string>
  body: Problem
}

/**
 * The answer for a refusal.
 * @param code a code of the table
 * @param extras what this refusal says beyond the table
 * @param options the service that answers
 */
export function problemResponse(code: ProblemCode, extras: ProblemExtras, options: ProblemOptions): ProblemResponse {
  const row = problemDefinition(code)
  const headers: Record<string, string> = {
    'content-type': problemMediaType,
    'cache-control': 'no-store',
    ...extras.headers,
  }
  const challenge = challengeOf(code, extras, options.realm)
  if (challenge) headers['www-authenticate'] = challenge
  const retryAfter = extras.retryAfterSeconds ?? row.retryAfterSeconds
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfter)))

  const body: Problem = {
    type: `${options.problemBase}/${code}`,
    title: row.title,
    status: row.status,
    detail: detailOf(code, extras),
    code: code,
    action: row.action,
    requestId: options.requestId,
  }
  if (extras.fields) body.fields = extras.fields.map(({ field, reason }) => ({ field, reason }))
  return { status: row.status, headers, body }
}

/** RFC 6750 section 3; the words are the table's, so nothing from the request gets into a header. */
function challengeOf(code: ProblemCode, extras: ProblemExtras, realm: string): string | undefined {
  const row = problemDefinition(code)
  const error = extras.challenge ?? row.challenge
  if (error === undefined) return undefined
  if (error === 'basic') return `Basic realm="${realm}", charset="UTF-8"`
  if (error === 'none') return `Bearer realm="${realm}"`
  const scope = error === 'insufficient_scope' && extras.scope ? `, scope="${extras.scope.join(' ')}"` : ''
  return `Bearer realm="${realm}", error="${error}", error_description="${row.title}"${scope}`
}

function detailOf(code: ProblemCode, extras: ProblemExtras): string {
  if (extras.fields?.length) return extras.fields.map(({ field, reason }) => `${field}: ${reason}`).join('; ')
  if (extras.scope?.length) return `Needed: ${extras.scope.join(' ')}.`
  const row = problemDefinition(code)
  return `${row.description.charAt(0).toUpperCase()}${row.description.slice(1)}.`
}
