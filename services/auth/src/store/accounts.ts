/** Reading and creating accounts. */
import type { Db } from '../database/database.ts'

export interface AccountForLogin {
  id: string
  passwordHash: string
  isDisabled: boolean
  mustChangePassword: boolean
}

/** Reads by primary key. */
export async function findAccountById(db: Db, id: string): Promise<AccountForLogin | undefined> {
  const [row] = await db.$queryRaw<AccountForLogin[]>`
    SELECT id, password_hash AS "passwordHash", disabled_at IS NOT NULL AS "isDisabled",
           must_change_password AS "mustChangePassword"
      FROM accounts WHERE id = ${id}::uuid`
  return row
}

export interface AccountView {
  id: string
  email: string
  roles: string[]
  scopes: string[]
  createdAt: Date
}

/** Reads by primary key. */
export async function readAccount(db: Db, id: string): Promise<AccountView | undefined> {
  const [row] = await db.$queryRaw<AccountView[]>`
    SELECT id, email, roles, scopes, created_at AS "createdAt" FROM accounts WHERE id = ${id}::uuid`
  return row
}

export interface NewAccount {
  /** Chosen by the caller when the id must be known before. */
  id?: string
  email: string
  passwordHash: string
  roles: string[]
  scopes: string[]
  mustChangePassword?: boolean
}

/** Relies on the unique index on `email_key`: of two creations at once, one finds a conflict and nothing is returned. */
export async function createAccount(db: Db, account: NewAccount): Promise<string | undefined> {
  const [row] = await db.$queryRaw<{ id: string }[]>`
    INSERT INTO accounts (id, email, email_key, password_hash, roles, scopes, must_change_password)
    VALUES (coalesce(${account.id ?? null}::uuid, gen_random_uuid()), ${account.email}, ${emailKey(account.email)}, ${account.passwordHash},
            ${account.roles}::text[], ${account.scopes}::text[], ${account.mustChangePassword ?? false})
    ON CONFLICT (email_key) DO NOTHING RETURNING id`
  return row?.id
}

/** Replaces the hash only if it is still the one that was checked: a compare-and-set. */
export async function replacePasswordHash(db: Db, change: { id: string; from: string; to: string }): Promise<boolean> {
  const count = await db.$executeRaw`
    UPDATE accounts SET password_hash = ${change.to} WHERE id = ${change.id}::uuid AND password_hash = ${change.from}`
  return count === 1
}

/** What makes an address unique: compatibility forms and letter case do not distinguish people. */
export function emailKey(email: string): string {
  return email.normalize('NFKC').toLowerCase()
}
