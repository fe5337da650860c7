/** Creating an account: once for each Idempotency-Key, and with no more rights than the creator may give. */
import { randomUUID } from 'node:crypto'
import { type NewUser, ProblemError } from '@gatehouse/contract'
import type { AuditContext } from '../http/auditContext.ts'
import { sha256 } from '../keys/hmac.ts'
import { requireAcceptablePassword } from '../passwords/passwordPolicy.ts'
import { createAccount, emailKey } from '../store/accounts.ts'
import { claimCreation } from '../store/creations.ts'
import { writeAudit } from '../store/writeAudit.ts'
import type { AdminDeps } from './deps.ts'
import { type Actor, assertGrantAllowed } from './policies.ts'

export interface UserCreation {
  wanted: NewUser
  actor: Actor
  /** The Idempotency-Key: a repetition finds what the first call made. */
  key: string | undefined
  act: AuditContext
}

/**
 * @returns the id of the account
 * @throws Refusal `conflict` when the address is taken or the key was used for something else, `insufficient-scope`,
 * `request-malformed` for a bad password
 */
export async function createUser(
  { db, passwords }: AdminDeps,
  { wanted, actor, key, act }: UserCreation,
): Promise<string> {
  const { email, password, roles = [], scopes = [], mustChangePassword = false } = wanted
  assertGrantAllowed(actor, { roles: [], scopes: [] }, { roles, scopes })
  requireAcceptablePassword(password, { field: 'body/password', email })
  const passwordHash = await passwords.hash(password)
  const id = randomUUID()
  return db.$transaction(async tx => {
    if (key !== undefined) {
      const requestHash = sha256(JSON.stringify([emailKey(email), roles, scopes, mustChangePassword]))
      const earlier = await claimCreation(tx, { keyHash: sha256(`user|${actor.id}|${key}`), requestHash, target: id })
      if (earlier?.requestHash && !requestHash.equals(earlier.requestHash))
        throw new ProblemError('conflict', 'an Idempotency-Key of another creation')
      if (earlier !== undefined) return earlier.target
    }
    const account = { id, email, passwordHash, roles, scopes, mustChangePassword }
    if ((await createAccount(tx, account)) === undefined) throw new ProblemError('conflict', 'the address is taken')
    const detail = { roles, scopes, mustChangePassword }
    await writeAudit(tx, { ...act, action: 'user.create', target: id, outcome: 'done', detail })
    return id
  })
}
