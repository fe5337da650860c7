/** What may be done to an account that takes something away from it: each as the change, and what the feed then says. */
import type { RevocationEffect } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import {
  type ChangedAccount,
  deleteAccount,
  disableAccount,
  enableAccount,
  raiseEpoch,
  requirePasswordChange,
  setPassword,
  setRights,
} from '../store/changeAccount.ts'
import type { EndedAs } from '../store/endSessions.ts'
import type { LockedAccount } from '../store/lockAccount.ts'

export interface AccountChange {
  /** For the audit log. */
  action: string
  /** Runs after the sessions were ended, under the row's lock. */
  apply: (db: Db, account: LockedAccount) => Promise<ChangedAccount | undefined>
  /** Why its sessions end; null when they go on. */
  endsSessionsAs: EndedAs | null
  /** What its tokens from before are then; null when they stay good. */
  effectOf: (changed: ChangedAccount, before: LockedAccount) => RevocationEffect | null
  /** Evidence for the audit log. */
  detail?: (account: LockedAccount) => Record<string, unknown>
}

const byState = ({ isDisabled }: ChangedAccount): RevocationEffect => (isDisabled ? 'forbidden' : 'ended')

export const disableChange: AccountChange = {
  action: 'user.disable',
  apply: (db, { id }) => disableAccount(db, id),
  endsSessionsAs: 'account-disabled',
  effectOf: byState,
}

export const enableChange: AccountChange = {
  action: 'user.enable',
  // Enabling what is enabled changes nothing: a repeated call must not sign anybody out.
  apply: async (db, account) => (account.isDisabled ? enableAccount(db, account.id) : account),
  // A disabled account has no session that could go on.
  endsSessionsAs: null,
  effectOf: (_changed, before) => (before.isDisabled ? 'ended' : null),
}

export const endAccountSessions: AccountChange = {
  action: 'user.end-all',
  apply: (db, { id }) => raiseEpoch(db, id),
  endsSessionsAs: 'revoked',
  effectOf: byState,
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
  effectOf: byState,
}

/** @param afterwards whether the person has to change it at the next log-in */
export function resetPassword(passwordHash: string, afterwards: 'must-change' | 'keeps'): AccountChange {
  const mustChange = afterwards === 'must-change'
  return {
    action: 'user.set-password',
    apply: (db, { id }) => setPassword(db, { id, passwordHash, mustChange }),
    endsSessionsAs: 'password-changed',
    effectOf: byState,
    detail: () => ({ mustChange }),
  }
}

export interface NewRights {
  roles?: string[]
  scopes?: string[]
}

/** Sessions go on with what is left: the tokens from before are superseded, and their holders renew. */
export function changeRights(wanted: NewRights): AccountChange {
  return {
    action: 'user.change-rights',
    apply: (db, account) =>
      setRights(db, { id: account.id, ...rightsAfter(account, wanted), removesRights: removesRights(account, wanted) }),
    endsSessionsAs: null,
    effectOf: ({ isDisabled }, before) => {
      if (!removesRights(before, wanted)) return null
      // A disabled account holds nothing that could be superseded: it stays forbidden.
      return isDisabled ? 'forbidden' : 'superseded'
    },
    detail: account => ({ from: { roles: account.roles, scopes: account.scopes }, to: rightsAfter(account, wanted) }),
  }
}

export function rightsAfter(
  { roles, scopes }: LockedAccount,
  wanted: NewRights,
): { roles: string[]; scopes: string[] } {
  return { roles: wanted.roles ?? roles, scopes: wanted.scopes ?? scopes }
}

/** Whether something that the account holds is not among what it shall hold. */
export function removesRights(account: LockedAccount, wanted: NewRights): boolean {
  const { roles, scopes } = rightsAfter(account, wanted)
  return !account.roles.every(role => roles.includes(role)) || !account.scopes.every(scope => scopes.includes(scope))
}
