/** Adds to the OpenAPI document what route schemas do not say: headers, the cookie, optional bodies, and common refusals. */
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'
import { problemResponse } from './problemResponses.ts'

interface Parameter {
  name: string
  in: string
  [member: string]: unknown
}
interface Response {
  description: string
  headers?: Record<string, object>
  [member: string]: unknown
}
interface Schema {
  required?: readonly string[]
  minProperties?: number
  type?: string
}
export interface Operation {
  tags?: readonly string[]
  security?: readonly Record<string, readonly string[]>[]
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, Response>
}
/** The part of an OpenAPI document that is completed. */
export interface ApiDocument {
  paths?: Record<string, Record<string, Operation>>
}

const text = { schema: { type: 'string' } }
const number = { schema: { type: 'integer' } }
const requestHeaders = {
  prefer: { description: '`wait=N` (seconds) or `respond-async`: how long to wait until the revocation is in force.' },
  'idempotency-key': {
    description: 'The same key for each repetition of the request. 8 to 200 characters without spaces.',
  },
  'if-match': { description: 'The `ETag` of the account: refuses the request when the account has changed.' },
} as const
const responseHeaders = {
  'Retry-After': { ...number, description: 'Seconds until the request can be repeated.' },
  'WWW-Authenticate': { ...text, description: 'The challenge (RFC 9110 section 11.6.1, RFC 6750 section 3).' },
  RateLimit: { ...text, description: 'What is left of the quota.' },
  'RateLimit-Policy': { ...text, description: 'The quota and its window.' },
  Location: { ...text, description: 'The path of what was created, or of the receipt.' },
  ETag: { ...text, description: 'The version of the account, for `If-Match`.' },
  'Set-Cookie': {
    ...text,
    description: 'With `transport: "cookie"`: the refresh cookie, and `gatehouse-signed-in`, which scripts can read.',
  },
  'Poll-Id': { ...text, description: 'That of the request, if it has one.' },
  'Preference-Applied': { ...text, description: 'The preferences that were honoured (RFC 7240 section 3).' },
} as const

const ofStatus: Readonly<Record<string, readonly (keyof typeof responseHeaders)[]>> = {
  201: ['Location'],
  202: ['Location', 'Preference-Applied'],
  401: ['WWW-Authenticate'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
}
const withIdempotencyKey = ['post /session/renew', 'post /oauth/token']
const withCookie = ['post /session', 'post /session/renew', 'delete /session']
const withEtag = ['post /admin/users', 'get /admin/users/{id}', 'patch /admin/users/{id}']

/** @param document as generated from the route schemas; it is changed */
export function completeDocument<Document extends object>(document: Document): Document {
  for (const [path, operations] of Object.entries((document as ApiDocument).paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) complete(`${method} ${path}`, operation)
  }
  return document
}

function complete(name: string, operation: Operation): void {
  const { responses, requestBody, tags = [] } = operation
  if (requestBody !== undefined) {
    requestBody.required = Object.values(requestBody.content).some(({ schema }) => requiresBody(schema))
    // OAuth errors have their own form (RFC 6749 section 5.2), with status 400.
    if (!tags.includes('oauth')) addProblems(responses, ['request-too-large', 'media-type-unsupported'])
  }
  const waits = '202' in responses || name === 'delete /session'
  if (waits) addRequestHeader(operation, 'prefer')
  if (withIdempotencyKey.includes(name)) addRequestHeader(operation, 'idempotency-key')
  if (responses[412] !== undefined) addRequestHeader(operation, 'if-match')
  if (name !== 'post /session' && withCookie.includes(name)) operation.security = [{ cookie: [] }, {}]

  for (const [status, response] of Object.entries(responses)) {
    const isSuccess = status.startsWith('2')
    addResponseHeaders(response, ofStatus[status] ?? [])
    if (isSuccess && waits) addResponseHeaders(response, ['Preference-Applied'])
    if (isSuccess && withCookie.includes(name)) addResponseHeaders(response, ['Set-Cookie'])
    if (name === 'post /guards/poll') addResponseHeaders(response, ['Poll-Id'])
    if (isSuccess && withEtag.includes(name)) addResponseHeaders(response, ['ETag'])
  }
}

/** A missing body counts as an empty object, where that is valid. */
function requiresBody({ required = [], minProperties = 0, type }: Schema): boolean {
  return type !== 'object' || required.length > 0 || minProperties > 0
}

function addRequestHeader(operation: Operation, name: keyof typeof requestHeaders): void {
  const parameters = operation.parameters ?? []
  if (parameters.some(parameter => parameter.in === 'header' && parameter.name === name)) return
  const header = { name, in: 'header', required: false, ...text, ...requestHeaders[name] }
  operation.parameters = [...parameters, header]
}

function addResponseHeaders(response: Response, names: readonly (keyof typeof responseHeaders)[]): void {
  if (names.length === 0) return
  response.headers = { ...response.headers, ...Object.fromEntries(names.map(name => [name, responseHeaders[name]])) }
}

function addProblems(responses: Record<string, Response>, codes: readonly ProblemCode[]): void {
  for (const code of codes) {
    const { status } = problemDefinition(code)
    const { description, content } = problemResponse([code])
    const known = responses[status]
    if (known === undefined) responses[status] = { description, content: withReference(content) }
    else if (!known.description.includes(`\`${code}\``)) known.description += `; ${description}`
  }
}

/** Route schemas reference `Problem#`, which the generator has replaced already. */
function withReference(content: object): object {
  return JSON.parse(JSON.stringify(content).replaceAll('Problem#', '#/components/schemas/Problem'))
}
