/** Holds an account still while an admin's act on it is judged and done. */
import type { Db } from '../database/database.ts'

export interface LockedAccount {
  id: string
  email: string
  roles: string[]
  scopes: string[]
  epoch: number
  version: number
  isDisabled: boolean
}

/** Any number that nobody else locks. */
const adminsKey = 4283_1910_0418n

/**
 * Relies on an advisory lock, taken before every other: acts that may take an admin away run one after another, so each
 * sees what the one before left. It ends with the transaction.
 */
export async function lockAdmins(db: Db): Promise<void> {
  await db.$queryRaw`SELECT pg_advisory_xact_lock(${adminsKey})::text`
}

/** Takes the row's lock by primary key: a log-in that holds its share lock is waited for, and a later one waits for us. */
export async function lockAccount(db: Db, id: string): Promise<LockedAccount | undefined> {
  const [row] = await db.$queryRaw<LockedAccount[]>`
    SELECT id, email, roles, scopes, epoch, version, disabled_at IS NOT NULL AS "isDisabled"
      FROM accounts WHERE id = ${id}::uuid FOR UPDATE`
  return row
}

/** Whether anybody who is not disabled is an admin; relies on `lockAdmins` and on the index on `roles`. */
export async function hasActiveAdmin(db: Db): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM accounts WHERE roles @> ARRAY['admin'] AND disabled_at IS NULL LIMIT 1`
  return rows.length === 1
}
