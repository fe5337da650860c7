/** The refusals of a route in its schema, grouped by status: OpenAPI shows them from the one table. */
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'

/** Every route can give these. */
const commonCodes: readonly ProblemCode[] = ['request-malformed', 'rate-limited', 'internal-error', 'unavailable']

/**
 * @param codes what this route refuses besides
 * @returns response schemas by status, each naming its codes
 */
export function problemResponses(...codes: ProblemCode[]): Record<number, object> {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of [...codes, ...commonCodes]) {
    const { status } = problemDefinition(code)
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, names]) => [status, problemResponse(names)]))
}

function problemResponse(names: ProblemCode[]): object {
  const lines = names.map(
    name => `\`${name}\` (${problemDefinition(name).action}): ${problemDefinition(name).description}`,
  )
  return {
    description: lines.join('; '),
    content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
  }
}
