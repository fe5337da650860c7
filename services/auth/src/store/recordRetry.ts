/** Records a retry of a renewal: audits it and counts consecutive generations that two different clients presented. */
import type { RawSql } from '../database/rawSql.ts'

export interface Retry {
  sessionId: string
  /** The generation that the retry is answered with. */
  generation: number
  accountId: string
  evidence: 'foreign' | 'none' | 'same-place'
  /** Networks and agents of the first use and of the retry; a run of generations counts only while it stays the same. */
  pair: string
  address: string
  requestId: string
  /** Client info of both sides. */
  detail: Record<string, unknown>
}

/** Further retries of a generation are answered and not audited: a client in a loop must not fill the audit log. */
const maxAuditedRetries = 100

/**
 * Relies on the row lock of `refresh_tokens`. Only retries run this statement; a rotation leaves these columns as they are.
 * @returns the number of consecutive generations with this evidence; 0 when the row has changed meanwhile
 */
export async function recordRetry(db: RawSql, retry: Retry): Promise<number> {
  const { sessionId, generation, accountId, evidence, pair, address, requestId, detail } = retry
  const [row] = await db.$queryRaw<{ streak: number }[]>`
    WITH updated AS (
      UPDATE refresh_tokens
         SET retries = CASE WHEN retry_generation = generation THEN retries + 1 ELSE 1 END,
             retry_generation = generation,
             foreign_streak = CASE
               WHEN ${evidence} = 'none' THEN foreign_streak
               WHEN ${evidence} = 'same-place' THEN 0
               WHEN foreign_pair = ${pair} AND foreign_generation = generation THEN foreign_streak
               WHEN foreign_pair = ${pair} AND foreign_generation = generation - 1 THEN foreign_streak + 1
               ELSE 1 END,
             foreign_generation = CASE WHEN ${evidence} = 'foreign' THEN generation ELSE foreign_generation END,
             foreign_pair = CASE WHEN ${evidence} = 'foreign' THEN ${pair} ELSE foreign_pair END
       WHERE session_id = ${sessionId}::uuid AND generation = ${generation}::int
      RETURNING retries, CASE WHEN ${evidence} = 'foreign' THEN foreign_streak ELSE 0 END AS streak
    ), audited AS (
      INSERT INTO audit_entries (actor, action, target, address, request_id, outcome, detail)
      SELECT ${accountId}, 'session.retry', ${sessionId}, ${address}::inet, ${requestId}, 'done', ${JSON.stringify(detail)}::jsonb
        FROM updated WHERE retries <= ${maxAuditedRetries}::int
    )
    SELECT streak FROM updated`
  return row?.streak ?? 0
}

/**
 * Marks the session as shared and audits the evidence, once per session.
 * @param retry the retry that completed the evidence
 */
export async function markShared(db: RawSql, retry: Omit<Retry, 'evidence' | 'pair' | 'generation'>): Promise<void> {
  const { sessionId, accountId, address, requestId, detail } = retry
  await db.$queryRaw`
    WITH marked AS (
      UPDATE sessions SET shared_at = statement_timestamp()
       WHERE id = ${sessionId}::uuid AND shared_at IS NULL RETURNING id
    )
    INSERT INTO audit_entries (actor, action, target, address, request_id, outcome, detail)
    SELECT ${accountId}, 'session.shared', id::text, ${address}::inet, ${requestId}, 'done', ${JSON.stringify(detail)}::jsonb FROM marked`
}
