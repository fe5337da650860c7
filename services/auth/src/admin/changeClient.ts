/** Creates and deletes service clients and replaces their secrets. */
import { conflict, ProblemError } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { ActorContext } from '../http/actorContext.ts'
import { sha256 } from '../keys/hmac.ts'
import { sessionEntry } from '../revoke/appendWork.ts'
import { confirmActor } from '../revoke/confirmActor.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import {
  deleteClient,
  type LockedClient,
  lockClient,
  renewClientSession,
  replaceSecret,
} from '../store/manageClients.ts'
import { createServiceClient } from '../store/serviceClients.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { assertAudience, assertClientId, newClientSecret } from './clientCredentials.ts'
import type { AdminDeps } from './deps.ts'
import { assertClientGrantAllowed } from './policies.ts'

export interface ClientCreation {
  id: string
  name?: string
  scopes: string[]
  audience?: string
}

/**
 * @returns the secret of the new client
 * @throws ProblemError `conflict` when the id is in use, `insufficient-scope`, `request-malformed`
 */
export async function createClient(
  { db, assertTokenFits, publicClients, audiences }: AdminDeps,
  { id, name = id, scopes, audience }: ClientCreation,
  context: ActorContext,
): Promise<string> {
  assertClientId(id, publicClients)
  assertAudience(audience, audiences)
  assertTokenFits({ clientId: id, roles: [], scopes })
  const secret = newClientSecret()
  const { actor, reason, address, requestId, readActor } = context
  await db.$transaction(async tx => {
    assertClientGrantAllowed(await readActor(tx), scopes)
    const isNew = await createServiceClient(tx, {
      id,
      name,
      secretHash: sha256(secret),
      scopes,
      audience: audience ?? null,
    })
    if (!isNew) throw conflict('the id is in use')
    const entry = {
      action: 'client.create',
      target: id,
      outcome: 'done',
      detail: { scopes, ...(audience === undefined ? {} : { audience }) },
    } as const
    await writeAudit(tx, { actor, reason, address, requestId, ...entry })
    assertClientGrantAllowed(await confirmActor(tx, { readActor, use: 'read' }), scopes)
  })
  return secret
}

/**
 * @param overlapSeconds how long the old secret stays valid; 0 revokes its tokens too
 * @returns the new secret, and the revocation if there is no overlap
 * @throws ProblemError `not-found`, `insufficient-scope`
 */
export async function rotateClientSecret(
  { revocations, db }: AdminDeps,
  { id, overlapSeconds }: { id: string; overlapSeconds: number },
  context: ActorContext,
): Promise<{ secret: string; revoked: RevocationResult | undefined }> {
  const secret = newClientSecret()
  const replace = async (tx: Db) => {
    const client = await lockForActor(tx, id, context)
    await replaceSecret(tx, { id, secretHash: sha256(secret), overlapSeconds })
    return client
  }
  if (overlapSeconds > 0) {
    await db.$transaction(async tx => {
      await replace(tx)
      const { actor, reason, address, requestId, readActor } = context
      const entry = { action: 'client.rotate-secret', target: id, outcome: 'done', detail: { overlapSeconds } } as const
      await writeAudit(tx, { actor, reason, address, requestId, ...entry })
      await confirmActor(tx, { readActor, use: 'read' })
    })
    return { secret, revoked: undefined }
  }
  const revoked = await revocations.revokeWith(async tx => {
    const client = await replace(tx)
    await renewClientSession(tx, id)
    const entries = [sessionEntry(client.sessionId)]
    const ownChanges = { session: client.sessionId === context.sid }
    return { entries, action: 'client.rotate-secret', target: id, sessionsEnded: 0, ownChanges }
  }, context)
  return { secret, revoked }
}

/** @throws ProblemError `not-found`, `insufficient-scope` */
export async function removeClient(
  { revocations }: AdminDeps,
  id: string,
  context: ActorContext,
): Promise<RevocationResult> {
  const revoked = await revocations.revokeWith(async tx => {
    const client = await lockForActor(tx, id, context)
    await deleteClient(tx, id)
    const entries = [sessionEntry(client.sessionId)]
    const ownChanges = { session: client.sessionId === context.sid }
    return { entries, action: 'client.delete', target: id, sessionsEnded: 0, ownChanges }
  }, context)
  if (revoked === undefined) throw new Error('a deletion without an entry')
  return revoked
}

/**
 * The actor is read under the lock of the client's row, since the client may be the actor itself.
 */
export async function lockForActor(tx: Db, id: string, { readActor }: ActorContext): Promise<LockedClient> {
  const client = await lockClient(tx, id)
  const actor = await readActor(tx)
  if (client === undefined) throw new ProblemError('not-found', 'no such client')
  assertClientGrantAllowed(actor, client.scopes)
  return client
}
