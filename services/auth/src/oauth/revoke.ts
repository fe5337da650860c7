/** Token revocation (RFC 7009): ends the user session of a token, or all tokens of a service client. */
import type { Verifier } from '@gatehouse/guard'
import type { Db } from '../database/database.ts'
import { isClientToken } from '../http/authenticate.ts'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import { sessionEntry } from '../revoke/appendToFeed.ts'
import type { Revocations } from '../revoke/revoke.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import { lockClient, renewClientSession } from '../store/manageClients.ts'
import { readSessionGrant } from '../store/readSessionGrant.ts'
import { isKeyWithdrawn } from '../store/signingKeys.ts'
import type { AuditContext } from '../store/writeAudit.ts'
import { firstParty } from '../tokens/firstParty.ts'
import { decodeRefreshToken } from '../tokens/refreshToken.ts'
import { OAuthError } from './errors.ts'
import { verifiedCaller } from './introspect.ts'

export interface RevokeDeps {
  db: Db
  revocations: Revocations
  refreshKeys: RefreshKeys
  /** Accepts every configured audience: a token for any of them can be revoked. */
  verifierOfAnyAudience: Verifier
}

export interface TokenRevocation {
  token: string
  /** The authenticated client, or a public client. */
  clientId: string
  context: AuditContext
}

/**
 * @returns what was revoked; undefined for an invalid or expired token, which needs no revocation (section 2.2)
 * @throws OAuthError `unauthorized_client` when the token belongs to another client
 */
export async function revokeToken(
  deps: RevokeDeps,
  { token, clientId, context }: TokenRevocation,
): Promise<RevocationResult | undefined> {
  const { db, revocations, refreshKeys, verifierOfAnyAudience: verifier } = deps
  const refreshToken = decodeRefreshToken(token, refreshKeys)
  const caller = refreshToken === undefined ? await verifiedCaller(verifier, token) : undefined
  // This replica may not have read the withdrawal yet.
  if (caller !== undefined && (await isKeyWithdrawn(db, caller.keyId))) return undefined
  const sessionId = refreshToken?.sessionId ?? caller?.sid
  if (sessionId === undefined) return undefined
  const claims = caller?.claims
  const isOwnToken = claims !== undefined && isClientToken(claims)
  const owner = isOwnToken ? claims.sub : ((await readSessionGrant(db, sessionId))?.clientId ?? firstParty)
  // A token in which a client acts for the user is covered only with the user's session, which is not the client's.
  if (claims?.act !== undefined && claims.client_id === clientId)
    throw new OAuthError('unsupported_token_type', 'The token ends with the session that it was exchanged for.')
  if (owner !== clientId) throw new OAuthError('unauthorized_client', 'The token belongs to another client.')
  if (!isOwnToken) return revocations.endSessions({ kind: 'one', sessionId }, 'logged-out', context)
  return revocations.revokeWith(async tx => {
    const locked = await lockClient(tx, owner)
    if (locked?.sessionId !== sessionId) return undefined
    await renewClientSession(tx, owner)
    return { entries: [sessionEntry(sessionId)], action: 'client.revoke-tokens', target: owner, sessionsEnded: 0 }
  }, context)
}
