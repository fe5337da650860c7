/**
 * Changes to an account that revoke its tokens. Each raises the epoch in the statement that makes the change, under the row's
 * lock; the epoch covers every token below it.
 */
import type { Db } from '../database/database.ts'

export interface ChangedAccount {
  epoch: number
  isDisabled: boolean
}

/** Relies on the row lock: it waits for a log-in that holds the share lock, and the session of that log-in is then visible. */
export async function disableAccount(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET disabled_at = coalesce(disabled_at, clock_timestamp()), epoch = next_epoch(epoch), version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, true AS "isDisabled"`
  return row
}

/** Earlier tokens stay refused, now as tokens of an ended session. */
export async function enableAccount(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET disabled_at = NULL, epoch = next_epoch(epoch), version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, false AS "isDisabled"`
  return row
}

/** Covers every token that the account holds now, and changes nothing else. */
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
  /** The change removes a right, so earlier tokens must be refused. */
  removesRights: boolean
}

/** The caller holds the row's lock and has authorized the change. */
export async function setRights(
  db: Db,
  { id, roles, scopes, removesRights }: Rights,
): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET roles = ${roles}::text[], scopes = ${scopes}::text[], version = version + 1,
           epoch = CASE WHEN ${removesRights}::boolean THEN next_epoch(epoch) ELSE epoch END
     WHERE id = ${id}::uuid RETURNING epoch, disabled_at IS NOT NULL AS "isDisabled"`
  return row
}

export interface PasswordSetting {
  id: string
  passwordHash: string
  mustChange: boolean
  /** When the password expires unless it is changed; null never. */
  expiresInSeconds: number | null
}

/**
 * The caller holds the row's lock: a log-in with the old password either began before, and its session is ended, or it finds
 * another hash.
 */
export async function setPassword(db: Db, setting: PasswordSetting): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET password_hash = ${setting.passwordHash}, must_change_password = ${setting.mustChange},
           password_expires_at = clock_timestamp() + make_interval(secs => ${setting.expiresInSeconds}::float8),
           password_changed_at = clock_timestamp(), epoch = next_epoch(epoch), version = version + 1
     WHERE id = ${setting.id}::uuid RETURNING epoch, disabled_at IS NOT NULL AS "isDisabled"`
  return row
}

/** Log-in then accepts the password only together with a new password. */
export async function requirePasswordChange(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    UPDATE accounts SET must_change_password = true, epoch = next_epoch(epoch), version = version + 1
     WHERE id = ${id}::uuid RETURNING epoch, disabled_at IS NOT NULL AS "isDisabled"`
  return row
}

/** Deletes the account, and its sessions by the foreign keys. Only the returned epoch still covers its tokens. */
export async function deleteAccount(db: Db, id: string): Promise<ChangedAccount | undefined> {
  const [row] = await db.$queryRaw<ChangedAccount[]>`
    DELETE FROM accounts WHERE id = ${id}::uuid RETURNING next_epoch(epoch) AS epoch, true AS "isDisabled"`
  return row
}

/**
 * A compare-and-set in one statement: of two concurrent changes, one succeeds.
 * @returns false when the hash changed in between or the account is disabled
 */
export async function changePassword(db: Db, change: { id: string; from: string; to: string }): Promise<boolean> {
  const count = await db.$executeRaw`
    UPDATE accounts SET password_hash = ${change.to}, password_changed_at = clock_timestamp(),
           must_change_password = false, password_expires_at = NULL, version = version + 1
     WHERE id = ${change.id}::uuid AND password_hash = ${change.from} AND disabled_at IS NULL`
  return count === 1
}
