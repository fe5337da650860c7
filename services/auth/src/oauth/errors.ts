/** Turns problems and OAuth errors into error responses of RFC 6749 section 5.2. */
import { type ProblemCode, type ProblemError, type ProblemExtras, problemDefinition } from '@gatehouse/contract'
import { createFailureLog, errorToProblem } from '@gatehouse/http'
import type { FastifyInstance } from 'fastify'

/** Status of each code of RFC 6749 section 5.2, and of the two codes for server failures (section 4.1.2.1). */
export const oauthCodes = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  /** RFC 8707 section 2. */
  invalid_target: 400,
  /** RFC 8628 section 3.5. */
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  access_denied: 400,
  /** RFC 7009 section 2.2.1. */
  unsupported_token_type: 400,
  temporarily_unavailable: 503,
  server_error: 500,
} as const
export type OAuthCode = keyof typeof oauthCodes

export class OAuthError extends Error {
  readonly code: OAuthCode

  /** @param description for the client's developer; must not repeat input */
  constructor(code: OAuthCode, description: string) {
    super(description)
    this.name = 'OAuthError'
    this.code = code
  }
}

const codeOf: Partial<Record<ProblemCode, OAuthCode>> = {
  'client-invalid': 'invalid_client',
  'refresh-invalid': 'invalid_grant',
  'refresh-reused': 'invalid_grant',
  'session-expired': 'invalid_grant',
  'session-ended': 'invalid_grant',
  'account-disabled': 'invalid_grant',
  'internal-error': 'server_error',
}

export interface OAuthReply {
  status: number
  headers: Record<string, string>
  body: { error: OAuthCode; error_description: string }
}

/** @returns the response for any error. The statuses 429 and 503 are kept, because proxies and clients act on them. */
export function oauthReply(error: unknown, realm: string): OAuthReply {
  const headers: Record<string, string> = { pragma: 'no-cache' }
  if (error instanceof OAuthError)
    return errorResponse(error.code, { status: oauthCodes[error.code], description: error.message })
  const { code: problem, extras } = errorToProblem(error)
  const { status, title, retryAfterSeconds } = problemDefinition(problem)
  Object.assign(headers, extras.headers)
  const retryAfter = extras.retryAfterSeconds ?? retryAfterSeconds
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfter)))
  const code = codeOf[problem] ?? (status === 429 || status === 503 ? 'temporarily_unavailable' : 'invalid_request')
  return errorResponse(code, {
    status: [429, 503].includes(status) ? status : oauthCodes[code],
    description: describe(problem, extras) ?? title,
  })

  function errorResponse(
    code: OAuthCode,
    { status, description }: { status: number; description: string },
  ): OAuthReply {
    if (code === 'invalid_client') headers['www-authenticate'] = `Basic realm="${realm}", charset="UTF-8"`
    return { status, headers, body: { error: code, error_description: description } }
  }
}

/** Names what is wrong with the request, without its values. */
function describe(problem: ProblemCode, { fields = [] }: ProblemExtras): string | undefined {
  if (problem === 'media-type-unsupported') return 'The body must be a form: application/x-www-form-urlencoded.'
  if (fields.length === 0) return undefined
  const parts = fields.map(({ field, reason }) => `${field.replace(/^body\//, 'The parameter ')} ${reason}.`)
  return parts.join(' ')
}

export interface OAuthErrorOptions {
  realm: string
  /** Turns a database error into a problem. */
  translate: (error: unknown) => ProblemError | undefined
}

/** Sets the error handler of the scope that contains the OAuth routes. */
export function setOAuthErrorHandler(app: FastifyInstance, { realm, translate }: OAuthErrorOptions): void {
  const logFailure = createFailureLog()
  app.setErrorHandler((error, request, reply) => {
    const translated = translate(error) ?? error
    const { status, headers, body } = oauthReply(translated, realm)
    if (status === oauthCodes.server_error) request.log.error({ err: error }, 'unexpected error')
    else if (!logFailure(request.log, { code: failureOf(translated, status), cause: error }))
      request.log.debug({ code: body.error, why: error instanceof Error ? error.message : '' }, 'refused')
    return reply.code(status).headers(headers).type('application/json').serializer(String).send(JSON.stringify(body))
  })
}

/** The problem under which the failure log counts the error. */
function failureOf(error: unknown, status: number): ProblemCode {
  if (!(error instanceof OAuthError)) return errorToProblem(error).code
  return status === oauthCodes.temporarily_unavailable ? 'unavailable' : 'request-malformed'
}
