/** Rows for `unnest`: a column for each parameter, and never so few that PostgreSQL plans the statement anew each time. */
import type { Value } from './rawSql.ts'

type Cell = string | number | boolean | Buffer | null

/**
 * PostgreSQL keeps the plan of a named statement only if that plan seems no dearer than one made for these very parameters. It
 * counts on ten rows from an array that it does not know, and sees how many there are in one that it does: for fewer than ten
 * it plans each time, which for a renewal takes longer than the renewal (docs/performance.md). Nulls match nothing.
 */
const least = 12

/** @returns the columns, in the order of the names */
export function unnest<Name extends string, Item extends Readonly<Record<Name, Cell>>>(
  items: readonly Item[],
  names: readonly Name[],
): Value[] {
  const padding = Array<null>(Math.max(0, least - items.length)).fill(null)
  return names.map(name => [...items.map(item => item[name]), ...padding])
}
