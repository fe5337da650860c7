/** Changes an account under its lock: check, end its sessions, apply, append. */
import { ProblemError } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { Actor, ActorContext } from '../http/actorContext.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import { endSessionRows } from '../store/endSessionRows.ts'
import {
  hasActiveAdmin,
  isAdmin,
  type LockedAccount,
  lockAccount,
  lockAdmins,
  tryLockAdmins,
} from '../store/lockAccount.ts'
import { type FeedPosition, readHead } from '../store/readClock.ts'
import { writeAudit } from '../store/writeAudit.ts'
import type { AccountChange } from './accountChanges.ts'
import { appendToFeed } from './appendToFeed.ts'
import { confirmActor } from './confirmActor.ts'

export interface AccountChangeRequest {
  id: string
  change: AccountChange
  /** Throws when the actor must not make this change to the account in its present state. */
  check?: (account: LockedAccount, actor: Actor) => void
}

export interface AccountChangeResult {
  /** Null when the change took nothing away. */
  revoked: RevocationResult | null
  /** The position that the caller waits for. */
  head: FeedPosition
}

export interface AccountChangeOptions {
  request: AccountChangeRequest
  context: ActorContext
  retentionMs: number
}

/**
 * @param tx an open transaction, which the caller commits
 * @returns undefined when there is no such account
 * @throws ProblemError `last-admin`, what `check` throws, and the codes of `ReadActor`
 */
export async function changeAccount(
  tx: Db,
  { request: { id, change, check }, context, retentionMs }: AccountChangeOptions,
): Promise<AccountChangeResult | undefined> {
  const { readActor, sid, actor } = context
  const account = await lockForChange(tx, id)
  // An actor that changes its own account is read here, under the row's lock: afterwards its rights
  // have changed.
  const actorBefore = await readActor(tx)
  if (account === undefined) return undefined
  check?.(account, actorBefore)

  const { endsSessionsAs, action } = change
  const ended = endsSessionsAs === null ? [] : await endSessionRows(tx, { kind: 'all', accountId: id }, endsSessionsAs)
  const changed = await change.apply(tx, account)
  if (changed === undefined) throw new Error('a locked account has no row')
  if (isActiveAdmin(account) && !(await hasActiveAdmin(tx))) throw new ProblemError('last-admin', `${action} of ${id}`)

  const effect = change.effectOf(changed, account)
  const ownChanges = { account: actor === id, session: ended.includes(sid) }
  const confirmed = await confirmActor(tx, { readActor, use: effect === null ? 'read' : 'append', ownChanges })
  if (!ownChanges.account) check?.(account, confirmed)

  const detail = { ...context.detail, ...change.detail?.(account) }
  if (effect === null) {
    await writeAudit(tx, context, { action, target: id, detail })
    return { revoked: null, head: await readHead(tx) }
  }
  const entries = [{ kind: 'user' as const, subject: id, epoch: changed.epoch, effect }]
  const work = { entries, action, target: id, sessionsEnded: ended.length }
  const revoked = await appendToFeed(tx, work, { context: { ...context, detail }, retentionMs })
  return { revoked, head: revoked }
}

/**
 * Locks the account, and the set of admins first if the account is one: only then can the change
 * remove the last admin, and changes to other accounts need not wait for each other.
 * @throws ProblemError `unavailable` in the rare case that the account becomes an admin meanwhile
 *   and the set is locked
 */
async function lockForChange(tx: Db, id: string): Promise<LockedAccount | undefined> {
  const holdsAdmins = await isAdmin(tx, id)
  if (holdsAdmins) await lockAdmins(tx)
  const account = await lockAccount(tx, id)
  if (account === undefined || holdsAdmins || !isActiveAdmin(account)) return account
  if (!(await tryLockAdmins(tx))) throw new ProblemError('unavailable', 'the account has just become an admin')
  return account
}

function isActiveAdmin({ roles, isDisabled }: LockedAccount): boolean {
  return roles.includes('admin') && !isDisabled
}
