/** Response schemas for the problems of a route, grouped by status, from the problem table. */
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'

/** Problems that every route can return. */
const commonCodes: readonly ProblemCode[] = ['request-malformed', 'rate-limited', 'internal-error', 'unavailable']

/** Problems of a route that needs an access token. */
export const accessTokenCodes = [
  'token-missing',
  'token-expired',
  'token-invalid',
  'session-ended',
  'account-disabled',
  // A service client's token is refused on the routes of users.
  'insufficient-scope',
] as const satisfies readonly ProblemCode[]

/**
 * @param codes further problems of the route
 * @returns response schemas by status; each describes its codes
 */
export function problemResponses(...codes: ProblemCode[]): Record<number, object> {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set([...codes, ...commonCodes])) {
    const { status } = problemDefinition(code)
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, names]) => [status, problemResponse(names)]))
}

/** @param names codes of one status */
export function problemResponse(names: readonly ProblemCode[]): { description: string; content: object } {
  const lines = names.map(
    name => `\`${name}\` (${problemDefinition(name).action}): ${problemDefinition(name).description}`,
  )
  return {
    description: lines.join('; '),
    content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
  }
}
