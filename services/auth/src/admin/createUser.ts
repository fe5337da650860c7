/** Creating an account: once for each Idempotency-Key, and with no more rights than the creator may give. */
import { randomUUID } from 'node:crypto'
import { type NewUser, Refusal } from '@gatehouse/contract'
import { sha256 } from '../keys/hmac.ts'
import { mustBeGoodPassword } from '../passwords/passwordPolicy.ts'
import type { Act } from '../revoke/revoke.ts'
import { createAccount, emailKey } from '../store/accounts.ts'
import { claimCreation } from '../store/creations.ts'
import { writeAudit } from '../store/writeAudit.ts'
import type { AdminRooms } from './deps.ts'
import { type Actor, judgeGrant } from './policies.ts'

export interface Creating {
  wanted: NewUser
  actor: Actor
  /** The Idempotency-Key: a repetition finds what the first call made. */
  key: string | undefined
  act: Act
}

/**
 * @returns the id of the account
 * @throws Refusal `conflict` when the address is taken or the key was used for something else, `insufficient-scope`,
 * `request-malformed` for a bad password
 */
export async function createUser(
  { db, passwords }: AdminRooms,
  { wanted, actor, key, act }: Creating,
): Promise<string> {
  const { email, password, roles = [], scopes = [], mustChangePassword = false } = wanted
  judgeGrant(actor, { roles: [], scopes: [] }, { roles, scopes })
  mustBeGoodPassword(password, { field: 'body/password', email })
  const passwordHash = await passwords.hash(password)
  const id = randomUUID()
  return db.$transaction(async tx => {
    if (key !== undefined) {
      const requestHash = sha256(JSON.stringify([emailKey(email), roles, scopes, mustChangePassword]))
      const earlier = await claimCreation(tx, { keyHash: sha256(`user|${actor.id}|${key}`), requestHash, target: id })
      if (earlier?.requestHash && !requestHash.equals(earlier.requestHash))
        throw new Refusal('conflict', 'an Idempotency-Key of another creation')
      if (earlier !== undefined) return earlier.target
    }
    const account = { id, email, passwordHash, roles, scopes, mustChangePassword }
    if ((await createAccount(tx, account)) === undefined) throw new Refusal('conflict', 'the address is taken')
    const detail = { roles, scopes, mustChangePassword }
    await writeAudit(tx, { ...act, action: 'user.create', target: id, outcome: 'done', detail })
    return id
  })
}
