/** Changes to an account that revoke what it was granted; each raises its epoch under the row's lock. */
import type { Db } from './database.ts'

export interface ChangedAccount {
  epoch: number
  isDisabled: boolean
}

/** Relies on the row lock: a log-in that holds its share lock is waited for, and its session is then seen. */
export async function disableAccount(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET disabled_at = coalesce(disabled_at, clock_timestamp()), epoch = epoch + 1, version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, true AS "isDisabled"`
  return row
}

/** The tokens from before stay refused, but as those of an ended session. */
export async function enableAccount(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET disabled_at = NULL, epoch = epoch + 1, version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, false AS "isDisabled"`
  return row
}

/** Covers every token that the account holds now. */
export async function raiseEpoch(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET epoch = epoch + 1, version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, disabled_at IS NOT NULL AS "isDisabled"`
  return row
}

/** Sets a new password if the old hash still stands: of two changes at once, one wins. */
export async function changePassword(db: Db, change: { id: string; from: string; to: string }): Promise<boolean> {
  const count = await db.$executeRaw`
    UPDATE accounts SET password_hash = ${change.to}, password_changed_at = clock_timestamp(), version = version + 1
     WHERE id = ${change.id}::uuid AND password_hash = ${change.from} AND disabled_at IS NULL`
  return count === 1
}
