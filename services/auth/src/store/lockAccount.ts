/** Locks an account, or the set of admins, until the transaction of a change ends. */
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

/** The key of the advisory lock; no other code takes it. */
const adminsKey = 4283_1910_0418n

/**
 * Relies on an advisory lock, taken before every other lock: changes that may remove an admin run one after another, so
 * each sees the result of the one before. PostgreSQL releases it with the transaction.
 */
export async function lockAdmins(db: Db): Promise<void> {
  await db.$queryRaw`SELECT pg_advisory_xact_lock(${adminsKey})::text`
}

/**
 * Takes the same lock if it is free. For a transaction that already holds other locks: waiting here could deadlock.
 * @returns false when another transaction holds it
 */
export async function tryLockAdmins(db: Db): Promise<boolean> {
  const [row] = await db.$queryRaw<{ isLocked: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(${adminsKey}) AS "isLocked"`
  return row?.isLocked ?? false
}

/** Whether the account has the role `admin` now; locks nothing. */
export async function isAdmin(db: Db, id: string): Promise<boolean> {
  const account = await db.account.findUnique({ where: { id }, select: { roles: true } })
  return account?.roles.includes('admin') ?? false
}

/** Takes the row's lock by primary key: it waits for a log-in that holds the share lock, and a later log-in waits for it. */
export async function lockAccount(db: Db, id: string): Promise<LockedAccount | undefined> {
  const [row] = await db.$queryRaw<LockedAccount[]>`
    SELECT id, email, roles, scopes, epoch, version, disabled_at IS NOT NULL AS "isDisabled"
      FROM accounts WHERE id = ${id}::uuid FOR UPDATE`
  return row
}

/** Whether an active admin exists. Relies on `lockAdmins`, taken before; reads by the index on `roles`. */
export async function hasActiveAdmin(db: Db): Promise<boolean> {
  const admin = await db.account.findFirst({
    where: { roles: { has: 'admin' }, disabledAt: null },
    select: { id: true },
  })
  return admin !== null
}
