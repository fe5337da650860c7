/**
 * The changes of an account that revoke something: each with its statement and the effect that its
 * feed entry has.
 */
import type { RevocationEffect } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { AuditAction } from '../store/auditActions.ts'
import type { EndedAs } from '../store/endSessionRows.ts'
import type { LockedAccount } from '../store/lockAccount.ts'
import {
  type ChangedAccount,
  deleteAccount,
  disableAccount,
  enableAccount,
  raiseEpoch,
  requirePasswordChange,
  setPassword,
  setRights,
} from '../store/updateAccount.ts'
import type { AuditDetail } from '../store/writeAudit.ts'

export interface AccountChange {
  action: AuditAction
  /** Runs under the row's lock, after the sessions were ended. */
  apply: (db: Db, account: LockedAccount) => Promise<ChangedAccount | undefined>
  /** Why the account's sessions end; null when they continue. */
  endsSessionsAs: EndedAs | null
  /** What earlier access tokens become; null when they stay valid. */
  effectOf: (changed: ChangedAccount, before: LockedAccount) => RevocationEffect | null
  /** Evidence for the audit log. */
  detail?: (account: LockedAccount) => AuditDetail
}

const effectByState = ({ isDisabled }: ChangedAccount): RevocationEffect => (isDisabled ? 'forbidden' : 'ended')

export const disableChange: AccountChange = {
  action: 'user.disable',
  apply: (db, { id }) => disableAccount(db, id),
  endsSessionsAs: 'account-disabled',
  effectOf: effectByState,
}

export const enableChange: AccountChange = {
  action: 'user.enable',
  // Enabling an enabled account changes nothing, so that a repeated call does not sign the user
  // out.
  apply: async (db, account) => (account.isDisabled ? enableAccount(db, account.id) : account),
  // A disabled account has no active sessions.
  endsSessionsAs: null,
  effectOf: (_changed, before) => (before.isDisabled ? 'ended' : null),
}

export const endAccountSessions: AccountChange = {
  action: 'user.end-sessions',
  apply: (db, { id }) => raiseEpoch(db, id),
  endsSessionsAs: 'revoked',
  effectOf: effectByState,
}

export const deleteAccountChange: AccountChange = {
  action: 'user.delete',
  apply: (db, { id }) => deleteAccount(db, id),
  endsSessionsAs: 'account-deleted',
  effectOf: () => 'forbidden',
}

export const forcePasswordChange: AccountChange = {
  action: 'user.force-password-change',
  apply: (db, { id }) => requirePasswordChange(db, id),
  endsSessionsAs: 'password-changed',
  effectOf: effectByState,
}

/**
 * Replaces the password with a one-time code: the next log-in must set a new password (OWASP ASVS 6.4.1, 6.4.6).
 * @param codeHash the hash of the code
 * @param expiresInSeconds how long the code can be used
 */
export function issueResetCode(codeHash: string, expiresInSeconds: number): AccountChange {
  return {
    action: 'user.issue-reset-code',
    apply: (db, { id }) => setPassword(db, { id, passwordHash: codeHash, mustChange: true, expiresInSeconds }),
    endsSessionsAs: 'password-changed',
    effectOf: effectByState,
    detail: () => ({ expiresInSeconds }),
  }
}

/** The rights to set; what is undefined stays as it is. */
export interface NewRights {
  roles?: string[]
  scopes?: string[]
}

/**
 * Sessions continue with the remaining rights: earlier access tokens are superseded, and their
 * clients renew.
 */
export function changeRights(newRights: NewRights): AccountChange {
  return {
    action: 'user.change-rights',
    apply: (db, account) =>
      setRights(db, {
        id: account.id,
        ...rightsAfter(account, newRights),
        removesRights: removesRights(account, newRights),
      }),
    endsSessionsAs: null,
    effectOf: ({ isDisabled }, before) => {
      if (!removesRights(before, newRights)) return null
      // The tokens of a disabled account stay forbidden.
      return isDisabled ? 'forbidden' : 'superseded'
    },
    detail: account => ({
      from: { roles: account.roles, scopes: account.scopes },
      to: rightsAfter(account, newRights),
    }),
  }
}

export function rightsAfter(
  { roles, scopes }: LockedAccount,
  newRights: NewRights,
): { roles: string[]; scopes: string[] } {
  return { roles: newRights.roles ?? roles, scopes: newRights.scopes ?? scopes }
}

/** @returns whether the account holds a role or scope that the new rights lack */
export function removesRights(account: LockedAccount, newRights: NewRights): boolean {
  const { roles, scopes } = rightsAfter(account, newRights)
  return !account.roles.every(role => roles.includes(role)) || !account.scopes.every(scope => scopes.includes(scope))
}
