/** Creates and deletes service clients, and replaces their secrets or keys. */
import { isDeepStrictEqual } from 'node:util'
import { conflict, malformed, ProblemError } from '@gatehouse/contract'
import { keysFromJwks } from '@gatehouse/guard'
import type { Db } from '../database/database.ts'
import type { ActorContext } from '../http/actorContext.ts'
import { sha256 } from '../keys/hmac.ts'
import { sessionEntry } from '../revoke/appendToFeed.ts'
import { confirmActor } from '../revoke/confirmActor.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import {
  deleteClient,
  type LockedClient,
  lockClient,
  removeScopes,
  renewClientSession,
  replaceKeys,
  replaceSecret,
} from '../store/manageClients.ts'
import { countMatching } from '../store/matchingSessions.ts'
import { createServiceClient } from '../store/serviceClients.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { endInBatches, filterOf } from './bulkRevoke.ts'
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
  const { readActor } = context
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
    const detail = { scopes, ...(audience === undefined ? {} : { audience }) }
    await writeAudit(tx, context, { action: 'client.create', target: id, detail })
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
      await writeAudit(tx, context, { action: 'client.rotate-secret', target: id, detail: { overlapSeconds } })
      await confirmActor(tx, { readActor: context.readActor, use: 'read' })
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

/** As in the schema of the request. */
const maxKeys = 5

export interface NewClientKeys {
  id: string
  jwks: { keys: Record<string, unknown>[] }
  replacedKids?: string[]
}

/**
 * @throws ProblemError `not-found`, `insufficient-scope`, `conflict`, and `request-malformed` when a key is not a public key for ES256,
 * EdDSA or RS256
 */
export async function setClientKeys(
  { db }: AdminDeps,
  { id, jwks, replacedKids }: NewClientKeys,
  context: ActorContext,
): Promise<void> {
  const keys = keysFromJwks(jwks, jwks.keys.length)
  if (keys.length !== jwks.keys.length || JSON.stringify(jwks).length > 10_000) {
    throw malformed('body/jwks/keys', 'must be different public keys for ES256, EdDSA or RS256')
  }
  const kids = keys.map(({ kid }) => kid)
  const named = { keys: jwks.keys.map((jwk, index) => ({ ...jwk, kid: kids[index] })) }
  await db.$transaction(async tx => {
    const client = await lockForActor(tx, id, context)
    if (replacedKids !== undefined && !isDeepStrictEqual(kidsOf(client.jwks), new Set(replacedKids)))
      throw conflict('the keys were changed by a concurrent request')
    await replaceKeys(tx, { id, jwks: named })
    await writeAudit(tx, context, { action: 'client.set-keys', target: id, detail: { kids } })
    await confirmActor(tx, { readActor: context.readActor, use: 'read' })
  })
}

/**
 * Ends every token and session of the client, then deletes it. After a failure the client remains without credentials and
 * scopes, and the request can be repeated.
 * @throws ProblemError `not-found`, `insufficient-scope`
 */
export async function removeClient(
  deps: Pick<AdminDeps, 'db' | 'revocations'>,
  id: string,
  context: ActorContext,
): Promise<RevocationResult> {
  const { db, revocations } = deps
  const ownChanges = { session: false }
  const cutOff = await revocations.revokeWith(async tx => {
    const client = await lockForActor(tx, id, context)
    ownChanges.session = client.sessionId === context.sid
    // Without a secret and a key it cannot authenticate, and with a secret that it gets meanwhile it has no right. A token
    // exchange that waits for the lock finds another session of the client, and starts none.
    await replaceKeys(tx, { id, jwks: { keys: [] } })
    await removeScopes(tx, id)
    await renewClientSession(tx, id)
    const entries = [sessionEntry(client.sessionId)]
    return { entries, action: 'client.delete', target: id, sessionsEnded: 0, ownChanges }
  }, context)
  if (cutOff === undefined) throw new Error('a deletion without an entry')
  // Also of a client without `exchange`: it may have lost that scope.
  const revoked = await endSessionsOf(deps, { id, ownChanges }, context)
  await deleteClient(db, id)
  return revoked.sessionsEnded === 0 ? cutOff : revoked
}

/** The client can start no further session. */
async function endSessionsOf(
  deps: Pick<AdminDeps, 'db' | 'revocations'>,
  { id, ownChanges }: { id: string; ownChanges: { session: boolean } },
  context: ActorContext,
): Promise<RevocationResult> {
  const filter = filterOf({ client: id })
  const preview = await countMatching(deps.db, filter, context.sid)
  return endInBatches(deps, { filter, preview, by: 'client.delete', ownChanges }, context)
}

/**
 * The actor is read under the lock of the client's row, since the client may be the actor itself.
 */
async function lockForActor(tx: Db, id: string, { readActor }: ActorContext): Promise<LockedClient> {
  const client = await lockClient(tx, id)
  const actor = await readActor(tx)
  if (client === undefined) throw new ProblemError('not-found', 'no such client')
  assertClientGrantAllowed(actor, client.scopes)
  return client
}

function kidsOf(jwks: unknown): Set<string> {
  return new Set(jwks === null ? [] : keysFromJwks(jwks, maxKeys).map(({ kid }) => kid))
}
