/** The number of the newest revocation. */
import type { Db } from './database.ts'

export async function readHead(db: Db): Promise<number> {
  const [row] = await db.$queryRaw<{ head: bigint }[]>`SELECT head FROM revocation_clock WHERE id = 1`
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  return Number(row.head)
}
