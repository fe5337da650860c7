/** What a log-in must know before it checks a password: the account, and what has been tried so far. */
import { type AccountForLogin, emailKey } from './accounts.ts'
import type { Adapter } from './direct.ts'

/** A counter of failures in `rate_limits`, and how many it allows. */
export interface Quota {
  key: string
  most: number
}

/** A counter that allows nothing more. */
export interface Spent extends Quota {
  /** Until it allows something again. */
  leftMs: number
}

export interface LoginFacts {
  account: AccountForLogin | undefined
  spent: Spent | undefined
}

type Row = { points: number | null; leftMs: number | null } & (AccountForLogin | { id: null })

/**
 * Reads by the unique index on `email_key` and by the primary key of `rate_limits`.
 * @param quotas at least one
 * @param wallMs the process's wall clock, in milliseconds since 1970: the counters are kept by it
 */
export async function readLogin(
  db: Pick<Adapter, '$queryRaw'>,
  { email, quotas, wallMs }: { email: string; quotas: readonly Quota[]; wallMs: number },
): Promise<LoginFacts> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT counter.points, (counter.expire - ${wallMs}::float8)::float8 AS "leftMs",
           account.id, account.password_hash AS "passwordHash", account.disabled_at IS NOT NULL AS "isDisabled",
           account.must_change_password AS "mustChangePassword"
      FROM unnest(${quotas.map(({ key }) => key)}::text[]) WITH ORDINALITY AS asked (key, place)
      LEFT JOIN rate_limits AS counter ON counter.key = asked.key AND counter.expire > ${wallMs}::float8
      LEFT JOIN accounts AS account ON account.email_key = ${emailKey(email)}
     ORDER BY asked.place`
  const spent = quotas.flatMap((quota, place) => {
    const { points = null, leftMs = null } = rows[place] ?? {}
    return points !== null && leftMs !== null && points >= quota.most ? [{ ...quota, leftMs }] : []
  })
  const [account] = rows
  return { account: account === undefined || account.id === null ? undefined : account, spent: spent[0] }
}
