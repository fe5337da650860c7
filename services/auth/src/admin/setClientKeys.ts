/** Registers the public keys of a service client, which replace its secret (RFC 7523). */
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { conflict, ProblemError } from '@gatehouse/contract'
import { keysFromJwks } from '@gatehouse/guard'
import type { ActorContext } from '../http/actorContext.ts'
import { confirmActor } from '../revoke/confirmActor.ts'
import { replaceKeys } from '../store/manageClients.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { lockForActor } from './changeClient.ts'
import type { AdminDeps } from './deps.ts'

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
    const reason = 'must be different public keys for ES256, EdDSA or RS256'
    throw new ProblemError('request-malformed', 'unusable keys', { fields: [{ field: 'body/jwks/keys', reason }] })
  }
  const kids = keys.map(({ kid }) => kid)
  const named = { keys: jwks.keys.map((jwk, index) => ({ ...jwk, kid: kids[index] })) }
  const { actor, reason, address, requestId, readActor } = context
  await db.$transaction(async tx => {
    const client = await lockForActor(tx, id, context)
    if (replacedKids !== undefined && !isDeepStrictEqual(kidsOf(client.jwks), new Set(replacedKids)))
      throw conflict('the keys were changed by a concurrent request')
    // Random bytes are the hash of no known secret.
    await replaceKeys(tx, { id, unusableHash: randomBytes(32), jwks: named })
    const entry = { action: 'client.set-keys', target: id, outcome: 'done', detail: { kids } } as const
    await writeAudit(tx, { actor, reason, address, requestId, ...entry })
    await confirmActor(tx, { readActor, use: 'read' })
  })
}

function kidsOf(jwks: unknown): Set<string> {
  return new Set(jwks === null ? [] : keysFromJwks(jwks, maxKeys).map(({ kid }) => kid))
}
