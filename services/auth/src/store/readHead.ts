/** The number of the newest revocation. */
import type { RawSql } from '../database/rawSql.ts'

export async function readHead(db: RawSql): Promise<number> {
  const [row] = await db.$queryRaw<{ head: number }[]>`SELECT head::float8 AS head FROM revocation_clock WHERE id = 1`
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  return row.head
}
