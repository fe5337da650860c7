/** One value out of a database. */
import { onServer } from '@gatehouse/testkit'

export async function queryValue(url: string, sql: string): Promise<unknown> {
  const { rows } = await onServer(url, sql)
  return Object.values(rows[0] ?? {})[0]
}
