/** The gateway's own problems as nginx configuration, generated from the table of problems. */
import { type ProblemCode, problemResponse } from '@gatehouse/contract'

/**
 * The problem code for every status that nginx may answer. The status stays, because clients and
 * proxies act on it.
 */
export const gatewayProblems: Readonly<Record<number, ProblemCode>> = {
  400: 'request-malformed',
  404: 'not-found',
  405: 'request-malformed',
  408: 'request-malformed',
  411: 'request-malformed',
  413: 'request-too-large',
  414: 'request-too-large',
  421: 'request-malformed',
  429: 'rate-limited',
  431: 'request-too-large',
  500: 'internal-error',
  501: 'request-malformed',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
  505: 'request-malformed',
}

/** Internal status codes of nginx, and the statuses that they become. */
const aliases: Readonly<Record<number, number>> = { 494: 431, 497: 400 }

const generatedNotice = '# Generated from packages/contract by `npx pnpm run docs`; do not edit.'

/** The `error_page` directives, for every location with its own error pages. */
export function problemPages(): string {
  const own = Object.keys(gatewayProblems).map(status => `error_page ${status} /_problem-${status};`)
  const rest = Object.entries(aliases).map(([from, to]) => `error_page ${from} =${to} /_problem-${to};`)
  return [generatedNotice, ...own, ...rest, ''].join('\n')
}

/** The locations that answer with the problems. */
export function problems(): string {
  const locations = Object.entries(gatewayProblems).map(([status, code]) => location(Number(status), code))
  return [generatedNotice, ...locations, ''].join('\n')
}

function location(status: number, outcome: ProblemCode): string {
  const options = { problemBase: '$issuer/problems', realm: '', requestId: '$gateway_request_id' }
  const { headers, body } = problemResponse(outcome, {}, options)
  const { 'content-type': mediaType, ...others } = headers
  // Not a named location, which nginx cannot use after a malformed request line.
  return `location = /_problem-${status} {
  internal;
  include headers.conf;
${Object.entries(others)
  .map(([name, value]) => `  add_header ${titled(name)} ${value} always;`)
  .join('\n')}
  default_type ${mediaType};
  return ${status} '${quoted(JSON.stringify({ ...body, status }))}';
}`
}

function titled(name: string): string {
  return name.replace(/\b[a-z]/g, letter => letter.toUpperCase())
}

/** Escapes a text for single quotes in nginx. */
function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
