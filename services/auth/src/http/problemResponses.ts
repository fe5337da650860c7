/** The refusals of a route in its schema, grouped by status: OpenAPI shows them from the one table. */
import { type Outcome, rowOf } from '@gatehouse/contract'

/** Every route can give these. */
const always: readonly Outcome[] = ['request-malformed', 'rate-limited', 'internal-error', 'unavailable']

/**
 * @param codes what this route refuses besides
 * @returns response schemas by status, each naming its codes
 */
export function refusals(...codes: Outcome[]): Record<number, object> {
  const byStatus = new Map<number, Outcome[]>()
  for (const code of [...codes, ...always]) {
    const { status } = rowOf(code)
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, names]) => [status, problem(names)]))
}

function problem(names: Outcome[]): object {
  const lines = names.map(name => `\`${name}\` (${rowOf(name).action}): ${rowOf(name).when}`)
  return {
    description: lines.join('; '),
    content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
  }
}
