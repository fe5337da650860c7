/** Reads accounts by key, creates them, and replaces password hashes. */
import { domainToUnicode } from 'node:url'
import type { Db } from '../database/database.ts'

export interface AccountForLogin {
  id: string
  passwordHash: string
  isDisabled: boolean
  mustChangePassword: boolean
}

export async function findAccountById(db: Db, id: string): Promise<(AccountForLogin & { email: string }) | undefined> {
  const account = await db.account.findUnique({
    where: { id },
    select: { id: true, email: true, passwordHash: true, disabledAt: true, mustChangePassword: true },
  })
  if (account === null) return undefined
  const { disabledAt, ...rest } = account
  return { ...rest, isDisabled: disabledAt !== null }
}

export interface AccountView {
  id: string
  email: string
  roles: string[]
  scopes: string[]
  createdAt: Date
}

export async function readAccount(db: Db, id: string): Promise<AccountView | undefined> {
  const select = { id: true, email: true, roles: true, scopes: true, createdAt: true }
  return (await db.account.findUnique({ where: { id }, select })) ?? undefined
}

/** @returns the id of the account with the e-mail address */
export async function findIdByEmail(db: Db, email: string): Promise<string | undefined> {
  return (await db.account.findUnique({ where: { emailKey: emailKey(email) }, select: { id: true } }))?.id
}

export interface NewAccount {
  /** Set when the caller must know the id before the row exists; PostgreSQL generates one otherwise. */
  id?: string
  email: string
  passwordHash: string
  roles: string[]
  scopes: string[]
  mustChangePassword?: boolean
  /** When an initial password expires; never when omitted. */
  passwordExpiresAt?: Date
}

/**
 * Relies on the unique index on `email_key`: of two concurrent creations, one inserts no row. `skipDuplicates` is
 * `ON CONFLICT DO NOTHING`, because an error would abort the caller's transaction.
 * @returns the id, or undefined when the address is taken
 */
export async function createAccount(db: Db, account: NewAccount): Promise<string | undefined> {
  const [created] = await db.account.createManyAndReturn({
    data: [{ ...account, emailKey: emailKey(account.email) }],
    skipDuplicates: true,
    select: { id: true },
  })
  return created?.id
}

/**
 * A compare-and-set in one statement: replaces the hash only if it is still the one that was verified.
 * @returns false when the password changed in between
 */
export async function replacePasswordHash(db: Db, change: { id: string; from: string; to: string }): Promise<boolean> {
  const count = await db.$executeRaw`
    UPDATE accounts SET password_hash = ${change.to} WHERE id = ${change.id}::uuid AND password_hash = ${change.from}`
  return count === 1
}

/**
 * The key by which an e-mail address is unique and found: compatibility forms and letter case do not distinguish accounts, and
 * the A-label form of an internationalized domain is the same as its Unicode form (RFC 5891).
 * @param email an address, or a part of one that an admin searches for
 */
export function emailKey(email: string): string {
  const folded = email.normalize('NFKC').toLowerCase()
  const domainStart = folded.lastIndexOf('@') + 1
  const domain = folded.slice(domainStart)
  const isPlain = /^[\x21-\x7e]*$/.test(domain) && !domain.includes('xn--')
  const name = isPlain ? domain : domainToUnicode(domain) || domain
  // The dot of the root (RFC 1034 section 3.1) names the same domain.
  return folded.slice(0, domainStart) + name.replace(/\.$/, '')
}
