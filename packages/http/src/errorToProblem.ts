/** Maps an error to a problem: a ProblemError, an error of Fastify about the request, or an unexpected error. */
import { type FieldError, type ProblemCode, ProblemError, type ProblemExtras } from '@gatehouse/contract'
import type { FastifyError, FastifySchemaValidationError } from 'fastify'

/** The problem for an error. */
export interface MappedError {
  code: ProblemCode
  extras: ProblemExtras
  /** True when the error is not about the request: the log gets the whole error. */
  isUnexpected: boolean
}

const maxFields = 20
const contexts: Record<string, string> = { querystring: 'query', params: 'path', headers: 'headers', body: 'body' }
const byStatus: Record<number, ProblemCode> = {
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'request-too-large',
  415: 'media-type-unsupported',
  429: 'rate-limited',
}
const reasons: Record<string, string> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'is empty',
  FST_ERR_CTP_INVALID_JSON_BODY: 'is not valid JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'does not have the length of Content-Length',
}

/**
 * Maps an error to a problem.
 * @param error anything that was thrown
 * @returns the code of the problem and what the response adds to the table's row
 */
export function errorToProblem(error: unknown): MappedError {
  if (error instanceof ProblemError) return { code: error.code, extras: error.extras, isUnexpected: false }
  const { validation, validationContext, statusCode, code } = (error ?? {}) as Partial<FastifyError>
  if (validation !== undefined) {
    const fields = fieldsOf(validation, contexts[validationContext ?? ''] ?? 'request')
    return { code: 'request-malformed', extras: { fields }, isUnexpected: false }
  }
  if (statusCode === undefined || statusCode < 400 || statusCode > 499) {
    return { code: 'internal-error', extras: {}, isUnexpected: true }
  }
  const reason = reasons[code ?? '']
  const extras = reason === undefined ? {} : { fields: [{ field: 'body', reason }] }
  return { code: byStatus[statusCode] ?? 'request-malformed', extras, isUnexpected: false }
}

/** One reason for each field. No value from the request is repeated. */
function fieldsOf(errors: readonly FastifySchemaValidationError[], context: string): FieldError[] {
  const byField = new Map<string, FastifySchemaValidationError[]>()
  for (const error of errors) {
    const field = `${context}${pathOf(error)}`
    byField.set(field, [...(byField.get(field) ?? []), error])
  }
  return [...byField].slice(0, maxFields).map(([field, fieldErrors]) => ({ field, reason: reasonOf(fieldErrors) }))
}

/** The path of the field. A missing or unknown member is named itself, not its object. */
function pathOf({ instancePath, params }: FastifySchemaValidationError): string {
  const name = params['missingProperty'] ?? params['additionalProperty']
  const path = typeof name === 'string' ? `${instancePath}/${name}` : instancePath
  return path
    .split('/')
    .map(part => (/^[\w.-]{0,64}$/.test(part) ? part : '?'))
    .slice(0, 10)
    .join('/')
}

function reasonOf(errors: readonly FastifySchemaValidationError[]): string {
  const choices = errors
    .filter(({ keyword }) => keyword === 'const')
    .map(({ params }) => String(params['allowedValue']))
  if (choices.length > 0) return `must be ${choices.join(' or ')}`
  const [first] = errors
  if (first?.keyword === 'required') return 'is missing'
  if (first?.keyword === 'additionalProperties') return 'is not a known field'
  return first?.message ?? 'is not valid'
}
