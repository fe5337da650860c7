/** Changes to an account that revoke what it was granted; each raises its epoch under the row's lock. */
import type { Db } from '../database/database.ts'

export interface ChangedAccount {
  epoch: number
  isDisabled: boolean
}

/** Relies on the row lock: a log-in that holds its share lock is waited for, and its session is then seen. */
export async function disableAccount(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET disabled_at = coalesce(disabled_at, clock_timestamp()), epoch = next_epoch(epoch), version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, true AS "isDisabled"`
  return row
}

/** The tokens from before stay refused, but as those of an ended session. */
export async function enableAccount(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET disabled_at = NULL, epoch = next_epoch(epoch), version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, false AS "isDisabled"`
  return row
}

/** Covers every token that the account holds now. */
export async function raiseEpoch(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET epoch = next_epoch(epoch), version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, disabled_at IS NOT NULL AS "isDisabled"`
  return row
}

export interface Rights {
  id: string
  roles: string[]
  scopes: string[]
  /** Something is taken away, so the tokens from before must not be taken any more. */
  removesRights: boolean
}

/** The caller holds the row's lock and has judged the change. */
export async function setRights(
  db: Db,
  { id, roles, scopes, removesRights }: Rights,
): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET roles = ${roles}::text[], scopes = ${scopes}::text[], version = version + 1,
           epoch = epoch + CASE WHEN ${removesRights}::boolean THEN 1 ELSE 0 END
     WHERE id = ${id}::uuid RETURNING epoch, disabled_at IS NOT NULL AS "isDisabled"`
  return row
}

export interface PasswordSetting {
  id: string
  passwordHash: string
  mustChange: boolean
}

/** The caller holds the row's lock: a log-in with the old password either began before, and is ended, or finds another hash. */
export async function setPassword(db: Db, setting: PasswordSetting): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET password_hash = ${setting.passwordHash}, must_change_password = ${setting.mustChange},
           password_changed_at = clock_timestamp(), epoch = next_epoch(epoch), version = version + 1
     WHERE id = ${setting.id}::uuid RETURNING epoch, disabled_at IS NOT NULL AS "isDisabled"`
  return row
}

/** From now on the password is good for nothing but setting another one. */
export async function requirePasswordChange(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET must_change_password = true, epoch = next_epoch(epoch), version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, disabled_at IS NOT NULL AS "isDisabled"`
  return row
}

/** Erases the person, with every session by the foreign keys; the epoch that covers its tokens is all that is left. */
export async function deleteAccount(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    DELETE FROM accounts WHERE id = ${id}::uuid RETURNING next_epoch(epoch) AS epoch, true AS "isDisabled"`
  return row
}

/** Sets a new password if the old hash still stands: of two changes at once, one wins. */
export async function changePassword(db: Db, change: { id: string; from: string; to: string }): Promise<boolean> {
  const count = await db.$executeRaw`
    UPDATE accounts SET password_hash = ${change.to}, password_changed_at = clock_timestamp(),
           must_change_password = false, version = version + 1
     WHERE id = ${change.id}::uuid AND password_hash = ${change.from} AND disabled_at IS NULL`
  return count === 1
}
