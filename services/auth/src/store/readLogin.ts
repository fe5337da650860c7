/** What log-ins must know before they check their passwords: the account, and what has been tried so far. */

import type { RawSql } from '../database/rawSql.ts'
import { unnest } from '../database/unnest.ts'
import { type AccountForLogin, emailKey } from './accounts.ts'

/** A counter of failures in `rate_limits`, and how many it allows. */
export interface Quota {
  key: string
  max: number
}

/** A counter that allows nothing more. */
export interface ReachedLimit extends Quota {
  /** Until it allows something again. */
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

type Row = { place: number; points: number | null; leftMs: number | null } & (AccountForLogin | { id: null })

/**
 * Reads by the unique index on `email_key` and by the primary key of `rate_limits`; locks nothing.
 * @param wallMs the process's wall clock, in milliseconds since 1970: the counters are kept by it
 * @returns in the order of the tries
 */
export async function readLogins(
  db: Pick<RawSql, '$queryRaw'>,
  tries: readonly LoginAttempt[],
  wallMs: number,
): Promise<LoginFacts[]> {
  const asked = tries.flatMap(({ email, quotas }, place) =>
    quotas.map(quota => ({ place, emailKey: emailKey(email), ...quota })),
  )
  const [places = [], emailKeys = [], keys = []] = unnest(asked, ['place', 'emailKey', 'key'])
  const rows = await db.$queryRaw<Row[]>`
    SELECT asked.place, counter.points, (counter.expire - ${wallMs}::float8)::float8 AS "leftMs",
           account.id, account.password_hash AS "passwordHash", account.disabled_at IS NOT NULL AS "isDisabled",
           account.must_change_password AS "mustChangePassword"
      FROM unnest(${places}::int[], ${emailKeys}::text[], ${keys}::text[]) WITH ORDINALITY AS asked (place, email_key, key, turn)
      LEFT JOIN rate_limits AS counter ON counter.key = asked.key AND counter.expire > ${wallMs}::float8
      LEFT JOIN accounts AS account ON account.email_key = asked.email_key
     WHERE asked.place IS NOT NULL
     ORDER BY asked.turn`
  const facts: LoginFacts[] = tries.map(() => ({ account: undefined, reachedLimit: undefined }))
  for (const [turn, row] of rows.entries()) {
    const [of, quota] = [facts[row.place], asked[turn]]
    if (of === undefined || quota === undefined) continue
    const { points, leftMs } = row
    if (row.id !== null) of.account = row
    if (points !== null && leftMs !== null && points >= quota.max)
      of.reachedLimit ??= { key: quota.key, max: quota.max, leftMs }
  }
  return facts
}
