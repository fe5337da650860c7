/** Makes the HTTP response for a problem: problem details (RFC 9457) and the challenge. */
import { type Static, Type } from 'typebox'
import type { ProblemExtras } from './problemExtras.ts'
import { actions, type ProblemCode, problemCodes, problemDefinition } from './problems.ts'

/** The media type of problem details (RFC 9457 section 3). */
export const problemMediaType = 'application/problem+json'

/**
 * Schema of problem details with this project's members `code`, `action`, `requestId` and `fields`.
 */
export const Problem = Type.Object(
  {
    type: Type.String({
      format: 'uri',
      description: 'The URL of the page that describes the problem; it ends in the code.',
    }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.Enum(problemCodes),
    action: Type.Enum([...actions]),
    requestId: Type.String(),
    fields: Type.Optional(Type.Array(Type.Object({ field: Type.String(), reason: Type.String() }))),
  },
  { $id: 'Problem', description: 'Why the request was refused, and what the client does next (RFC 9457).' },
)
export type Problem = Static<typeof Problem>

/** The members of a problem that depend on the refusal only. */
export type ProblemSummary = Omit<Problem, 'type' | 'requestId'>

/** The part of a problem response that depends on the service and the request. */
export interface ProblemOptions {
  /** The base URL of the pages that describe problems: `type` is this, a slash and the code. */
  problemBase: string
  /** The protection space that challenges name (RFC 9110 section 11.5). */
  realm: string
  /** The URL of the resource's metadata, which every Bearer challenge names (RFC 9728 section 5.1). */
  resourceMetadata?: string | undefined
  requestId: string
}

/** A complete HTTP response. */
export interface ProblemResponse {
  status: number
  headers: Record<string, string>
  body: Problem
}

/**
 * Makes the HTTP response for a problem.
 * @param code a code of the table
 * @param extras what this refusal adds to the table's row
 * @param options the service and the request
 * @returns status, headers and body; the body holds nothing from the request but the names of
 *   `fields`
 * @see RFC 9457 section 3, RFC 6750 section 3
 * @example
 * const { status, headers, body } = problemResponse('token-expired', {}, { problemBase, realm, requestId: request.id })
 */
export function problemResponse(code: ProblemCode, extras: ProblemExtras, options: ProblemOptions): ProblemResponse {
  const { problemBase, requestId } = options
  const { fields, ...summary } = problemSummary(code, extras)
  const body: Problem = { type: `${problemBase}/${code}`, ...summary, requestId }
  if (fields) body.fields = fields
  const headers = { 'content-type': problemMediaType, ...problemHeaders(code, extras, options) }
  return { status: summary.status, headers, body }
}

/** The body of a problem response, without `type` and `requestId`. */
export function problemSummary(code: ProblemCode, extras: ProblemExtras): ProblemSummary {
  const { title, status, action } = problemDefinition(code)
  const summary: ProblemSummary = { title, status, detail: detailOf(code, extras), code, action }
  if (extras.fields) summary.fields = extras.fields.map(({ field, reason }) => ({ field, reason }))
  return summary
}

/**
 * The headers of a problem response, without the content type.
 * @param space what the challenge names; a bearer challenge may do without (RFC 6750 section 3)
 */
export function problemHeaders(
  code: ProblemCode,
  extras: ProblemExtras,
  space: Partial<Pick<ProblemOptions, 'realm' | 'resourceMetadata'>> = {},
): Record<string, string> {
  const headers: Record<string, string> = { 'cache-control': 'no-store', ...extras.headers }
  const challenge = challengeOf(code, extras, space)
  if (challenge) headers['www-authenticate'] = challenge
  const retryAfter = extras.retryAfterSeconds ?? problemDefinition(code).retryAfterSeconds
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfter)))
  return headers
}

/** RFC 6750 section 3. All text comes from the table, so no request data can enter the header. */
function challengeOf(
  code: ProblemCode,
  extras: ProblemExtras,
  { realm, resourceMetadata }: Partial<Pick<ProblemOptions, 'realm' | 'resourceMetadata'>>,
): string | undefined {
  const row = problemDefinition(code)
  const error = extras.challenge ?? row.challenge
  if (error === undefined) return undefined
  // RFC 7617 section 2: Basic requires a realm.
  if (error === 'basic') return `Basic realm="${realm ?? 'gatehouse'}", charset="UTF-8"`
  const parameters = realm === undefined ? [] : [`realm="${realm}"`]
  if (error !== 'none') parameters.push(`error="${error}"`, `error_description="${row.title}"`)
  if (error === 'insufficient_scope' && extras.scope) parameters.push(`scope="${extras.scope.join(' ')}"`)
  // RFC 9470 section 3.
  if (extras.maxAgeSeconds !== undefined) parameters.push(`max_age="${extras.maxAgeSeconds}"`)
  if (resourceMetadata !== undefined) parameters.push(`resource_metadata="${resourceMetadata}"`)
  return ['Bearer', parameters.join(', ')].join(' ').trim()
}

function detailOf(code: ProblemCode, extras: ProblemExtras): string {
  if (extras.detail !== undefined) return extras.detail
  if (extras.fields?.length) return extras.fields.map(({ field, reason }) => `${field}: ${reason}`).join('; ')
  if (extras.scope?.length) return `Required: ${extras.scope.join(' ')}.`
  if (extras.maxAgeSeconds !== undefined) return `Required: a log-in within the last ${extras.maxAgeSeconds} seconds.`
  const row = problemDefinition(code)
  return `${row.description.charAt(0).toUpperCase()}${row.description.slice(1)}.`
}
