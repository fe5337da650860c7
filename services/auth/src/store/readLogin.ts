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
  /** The address, or the network of an IPv6 address. */
  network: string
  quotas: readonly Quota[]
}

export interface LoginAccount extends AccountForLogin {
  /** The initial password or the reset code has expired. */
  isPasswordExpired: boolean
}

export interface LoginFacts {
  account: LoginAccount | undefined
  reached: readonly ReachedLimit[]
  /** The points of every counter that has any. */
  points: ReadonlyMap<string, number>
  /** A session of the account was started from the network; read only when a limit is reached. */
  isKnownNetwork: boolean
}

interface Counts {
  position: number
  points: number | null
  leftMs: number | null
  isKnownNetwork: boolean
}
type Row = Counts & (LoginAccount | { id: null })

/**
 * Reads by the unique index on `email_key` and by the primary key of `rate_limits`; locks nothing.
 * @returns the facts in the order of the attempts
 */
export async function readLogins(
  db: Pick<RawSql, '$queryRaw'>,
  attempts: readonly LoginAttempt[],
): Promise<LoginFacts[]> {
  const counters = attempts.flatMap(({ email, network, quotas }, position) =>
    quotas.map(quota => ({ position, emailKey: emailKey(email), network, ...quota })),
  )
  const columns = unnest(counters, ['position', 'emailKey', 'key', 'max', 'network'])
  const [positions = [], emailKeys = [], keys = [], maxes = [], networks = []] = columns
  const rows = await db.$queryRaw<Row[]>`
    SELECT input.position, counter.points, extract(epoch FROM counter.expires_at - statement_timestamp())::float8 * 1000 AS "leftMs",
           account.id, account.password_hash AS "passwordHash", account.disabled_at IS NOT NULL AS "isDisabled",
           account.must_change_password AS "mustChangePassword",
           coalesce(account.password_expires_at <= statement_timestamp(), false) AS "isPasswordExpired",
           CASE WHEN counter.points >= input.max THEN EXISTS (
             SELECT FROM sessions WHERE sessions.account_id = account.id AND sessions.address <<= input.network)
           ELSE false END AS "isKnownNetwork"
      FROM unnest(${positions}::int[], ${emailKeys}::text[], ${keys}::text[], ${maxes}::int[], ${networks}::inet[])
           WITH ORDINALITY AS input (position, email_key, key, max, network, row_number)
      LEFT JOIN rate_limits AS counter ON counter.key = input.key AND counter.expires_at > statement_timestamp()
      LEFT JOIN accounts AS account ON account.email_key = input.email_key
     WHERE input.position IS NOT NULL
     ORDER BY input.row_number`
  const facts = attempts.map(() => ({
    account: undefined as LoginAccount | undefined,
    reached: [] as ReachedLimit[],
    points: new Map<string, number>(),
    isKnownNetwork: false,
  }))
  for (const [index, row] of rows.entries()) {
    const [fact, quota] = [facts[row.position], counters[index]]
    if (fact === undefined || quota === undefined) continue
    const { points, leftMs } = row
    if (row.id !== null) fact.account = row
    fact.isKnownNetwork ||= row.isKnownNetwork
    if (points === null || leftMs === null) continue
    fact.points.set(quota.key, points)
    if (points >= quota.max) fact.reached.push({ key: quota.key, max: quota.max, leftMs })
  }
  return facts
}
