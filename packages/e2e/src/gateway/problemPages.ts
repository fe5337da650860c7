/** The gateway's own refusals as nginx configuration, made from the table of outcomes. */
import { type ProblemCode, problemResponse } from '@gatehouse/contract'

/** Every status that nginx may give by itself. The status is HTTP's own, since clients and proxies act on it; the code is the table's. */
export const gatewayOutcomes: Readonly<Record<number, ProblemCode>> = {
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

/** What nginx calls by a number of its own. */
const aliases: Readonly<Record<number, number>> = { 494: 431, 497: 400 }

const made = '# Made from packages/contract by `npx pnpm run docs`: change it there.'

/** Which answer belongs to which status; for each location that has error pages of its own. */
export function problemPages(): string {
  const own = Object.keys(gatewayOutcomes).map(status => `error_page ${status} /_problem-${status};`)
  const others = Object.entries(aliases).map(([from, to]) => `error_page ${from} =${to} /_problem-${to};`)
  return [made, ...own, ...others, ''].join('\n')
}

/** The answers themselves. */
export function problems(): string {
  const locations = Object.entries(gatewayOutcomes).map(([status, outcome]) => location(Number(status), outcome))
  return [made, ...locations, ''].join('\n')
}

function location(status: number, outcome: ProblemCode): string {
  const around = { problemBase: '$issuer/problems', realm: '', requestId: '$gateway_request_id' }
  const { headers, body } = problemResponse(outcome, {}, around)
  const { 'content-type': mediaType, ...others } = headers
  // No named location: nginx does not go there from a request line that it cannot read.
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

/** Within the single quotes of nginx. */
function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
