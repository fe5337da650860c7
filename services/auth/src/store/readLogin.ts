/** Reads what log-ins need before they verify passwords: the account, and the counters of failures. */
import type { RawSql } from '../database/rawSql.ts'
import { unnest } from '../database/unnest.ts'
import { type AccountForLogin, emailKey } from './accounts.ts'

/** A counter of failures in `rate_limits`, and its limit. */
export interface Quota {
  key: string
  max: number
}

/** A counter that has reached its limit. */
export interface ReachedLimit extends Quota {
  /** How long the counter still blocks, in milliseconds. */
  leftMs: number
}

export interface LoginAttempt {
  email: string
  quotas: readonly Quota[]
}

export interface LoginFacts {
  account: AccountForLogin | undefined
  reachedLimit: ReachedLimit | undefined
}

type Row = { position: number; points: number | null; leftMs: number | null } & (AccountForLogin | { id: null })

/**
 * Reads by the unique index on `email_key` and by the primary key of `rate_limits`; locks nothing.
 * @param wallMs the process's wall clock, in milliseconds since 1970, because the rate limiter dates its counters by it
 * @returns the facts in the order of the attempts
 */
export async function readLogins(
  db: Pick<RawSql, '$queryRaw'>,
  attempts: readonly LoginAttempt[],
  wallMs: number,
): Promise<LoginFacts[]> {
  const counters = attempts.flatMap(({ email, quotas }, position) =>
    quotas.map(quota => ({ position, emailKey: emailKey(email), ...quota })),
  )
  const [positions = [], emailKeys = [], keys = []] = unnest(counters, ['position', 'emailKey', 'key'])
  const rows = await db.$queryRaw<Row[]>`
    SELECT input.position, counter.points, (counter.expire - ${wallMs}::float8)::float8 AS "leftMs",
           account.id, account.password_hash AS "passwordHash", account.disabled_at IS NOT NULL AS "isDisabled",
           account.must_change_password AS "mustChangePassword"
      FROM unnest(${positions}::int[], ${emailKeys}::text[], ${keys}::text[])
           WITH ORDINALITY AS input (position, email_key, key, row_number)
      LEFT JOIN rate_limits AS counter ON counter.key = input.key AND counter.expire > ${wallMs}::float8
      LEFT JOIN accounts AS account ON account.email_key = input.email_key
     WHERE input.position IS NOT NULL
     ORDER BY input.row_number`
  const facts: LoginFacts[] = attempts.map(() => ({ account: undefined, reachedLimit: undefined }))
  for (const [index, row] of rows.entries()) {
    const [fact, quota] = [facts[row.position], counters[index]]
    if (fact === undefined || quota === undefined) continue
    const { points, leftMs } = row
    if (row.id !== null) fact.account = row
    if (points !== null && leftMs !== null && points >= quota.max)
      fact.reachedLimit ??= { key: quota.key, max: quota.max, leftMs }
  }
  return facts
}
