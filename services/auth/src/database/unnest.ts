/** Builds the array parameters of a statement that reads its rows with `unnest`. */
import type { Scalar, Value } from './rawSql.ts'

/**
 * PostgreSQL keeps a generic plan for a named statement only if that plan does not seem more expensive than a plan for the
 * actual parameters. It estimates ten rows for an array that it does not know, and sees the true number in one that it knows:
 * with fewer than ten rows it plans every execution, which takes longer than the renewal itself (docs/performance.md).
 * The rows that are added are null, and match nothing.
 */
const minRows = 12

/** @returns one array for each name, in the order of the names */
export function unnest<Name extends string, Item extends Readonly<Record<Name, Scalar>>>(
  items: readonly Item[],
  names: readonly Name[],
): Value[] {
  const padding = Array<null>(Math.max(0, minRows - items.length)).fill(null)
  return names.map(name => [...items.map(item => item[name]), ...padding])
}
