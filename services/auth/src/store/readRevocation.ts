/** One entry of the feed, by its number, while it lives. */
import type { Revoked } from '../revoke/revoke.ts'
import type { Db } from './database.ts'

type Row = Pick<Revoked, 'kind' | 'subject' | 'outcome'> & { ended: number }

/** By primary key; how many sessions it ended stands with the audit entry of the act. */
export async function readRevocation(db: Db, seq: number): Promise<Revoked | undefined> {
  const [row] = await db.$queryRaw<Row[]>`
    SELECT kind, subject, outcome, 0 AS ended FROM revocations WHERE seq = ${seq}`
  return row ? { ...row, seq } : undefined
}
