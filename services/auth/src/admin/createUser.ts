/**
 * Creates an account: once for each Idempotency-Key, and with no more rights than its creator may
 * grant.
 */
import { randomUUID } from 'node:crypto'
import { conflict, type NewUser, ProblemError } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { ActorContext } from '../http/actorContext.ts'
import { sha256 } from '../keys/hmac.ts'
import { confirmActor } from '../revoke/confirmActor.ts'
import { createAccount, emailKey, findAccountById } from '../store/accounts.ts'
import { claimCreation } from '../store/creations.ts'
import { readAccountRow } from '../store/listAccounts.ts'
import { readClock } from '../store/readClock.ts'
import { writeAudit } from '../store/writeAudit.ts'
import type { AdminDeps } from './deps.ts'
import { assertGrantAllowed } from './policies.ts'

export interface UserCreation {
  newUser: NewUser
  /** The `Idempotency-Key`. */
  key: string | undefined
  context: ActorContext
}

/**
 * @returns the id of the account; for a repeated request, of the account that the first one created
 * @throws ProblemError `conflict` when the e-mail address is in use, `idempotency-key-reused` when
 *   the key came with another body, `insufficient-scope`, `request-malformed` for an unacceptable
 *   password, and the codes of `ReadActor`
 */
export async function createUser(deps: AdminDeps, { newUser, key, context }: UserCreation): Promise<string> {
  const { db, passwords } = deps
  const { email, password, roles = [], scopes = [], mustChangePassword = false } = newUser
  const noRights = { roles: [], scopes: [] }
  assertGrantAllowed(await context.readActor(db), noRights, { roles, scopes })
  deps.assertTokenFits({ clientId: 'first-party', roles, scopes })
  passwords.requireAcceptable(password, { field: 'body/password', email })
  const account = { id: randomUUID(), email, passwordHash: await passwords.hash(password) }
  const { dbNowMs } = await readClock(db)
  const expiry = mustChangePassword ? { passwordExpiresAt: new Date(dbNowMs + deps.resetCodeSeconds * 1000) } : {}
  const result = await db.$transaction(async tx => {
    const earlierId = key === undefined ? undefined : await claim(tx, { newUser, key, context, id: account.id })
    if (earlierId !== undefined) return { id: earlierId, isRepeat: true }
    const created = await createAccount(tx, { ...account, roles, scopes, mustChangePassword, ...expiry })
    if (created === undefined) throw conflict('the e-mail address is in use')
    const detail = { roles, scopes, mustChangePassword }
    await writeAudit(tx, context, { action: 'user.create', target: account.id, detail })
    // Hashing may have waited in a queue for seconds.
    assertGrantAllowed(await confirmActor(tx, { readActor: context.readActor, use: 'read' }), noRights, {
      roles,
      scopes,
    })
    return { id: account.id, isRepeat: false }
  })
  if (result.isRepeat) await assertSamePassword(deps, { id: result.id, password })
  return result.id
}

/** @returns the id that an earlier request with this key created */
async function claim(
  tx: Db,
  { newUser, key, context, id }: UserCreation & { key: string; id: string },
): Promise<string | undefined> {
  const { email, roles = [], scopes = [], mustChangePassword = false } = newUser
  const requestHash = sha256(JSON.stringify([emailKey(email), roles, scopes, mustChangePassword]))
  const keyHash = sha256(`user|${context.actor}|${key}`)
  const earlier = await claimCreation(tx, { keyHash, requestHash, target: id })
  if (earlier !== undefined && !requestHash.equals(earlier.requestHash)) throw keyReused()
  return earlier?.target
}

/**
 * The password is not part of the stored hash of the request, which could be searched much faster
 * than Argon2.
 */
async function assertSamePassword(
  { db, passwords }: AdminDeps,
  { id, password }: { id: string; password: string },
): Promise<void> {
  const [row, account] = await Promise.all([readAccountRow(db, id), findAccountById(db, id)])
  // After a change of the password there is nothing left to compare with.
  if (row === undefined || account === undefined || row.passwordChangedAt > row.createdAt) return
  if (!(await passwords.verify(password, account.passwordHash))) throw keyReused()
}

function keyReused(): ProblemError {
  return new ProblemError('idempotency-key-reused', 'the Idempotency-Key came with another body before')
}
