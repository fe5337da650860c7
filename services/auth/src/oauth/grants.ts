/** The grants of the token endpoint: the refresh token of a user's session, and client credentials. */
import type { FastifyRequest } from 'fastify'
import { clientInfoOf, isAwaited } from '../http/clientInfo.ts'
import { idempotencyKeyOf } from '../http/idempotencyKey.ts'
import { type RotateDeps, rotate } from '../rotate/rotate.ts'
import { readSessionScopes } from '../store/readSessionScopes.ts'
import type { Grant } from '../store/rotateRefreshToken.ts'
import type { AuthenticatedClient } from '../store/serviceClients.ts'
import { writeAudit } from '../store/writeAudit.ts'
import type { AccessTokens } from '../tokens/accessTokens.ts'
import { decodeRefreshToken } from '../tokens/refreshToken.ts'
import { type ClientDeps, clientOf, namedClientId, requireClient } from './client.ts'
import { OAuthError } from './errors.ts'
import { type Form, requireParameter } from './form.ts'

export interface GrantDeps extends RotateDeps, ClientDeps {
  accessTokens: AccessTokens
}

export interface GrantResult {
  grant: Grant
  refreshToken?: string
}

/** The public client that all user sessions belong to; it has no secret and may send its `client_id`. */
export const firstParty = 'first-party'
/** Scopes that a client uses with its secret; tokens do not carry them, because no route requires them. */
const secretScopes: readonly string[] = ['guard', 'introspect']

/**
 * Rotates as `POST /session/renew` does, with the same retries and reuse detection (RFC 6749 section 6). A `scope` narrows
 * the access token only: the next one can have every scope again.
 * @throws OAuthError `invalid_scope` before the token rotates, so the client can present it again
 */
export async function refreshGrant(deps: GrantDeps, request: FastifyRequest, form: Form): Promise<GrantResult> {
  const refreshToken = requireParameter(form, 'refresh_token')
  const client = await clientOf(deps, request, form)
  const clientId = client?.id ?? namedClientId(request, form) ?? firstParty
  if (clientId !== firstParty) throw new OAuthError('invalid_grant', 'The refresh token belongs to another client.')
  const presented = { refreshToken, idempotencyKey: idempotencyKeyOf(request), isAwaited: () => isAwaited(request) }
  const wanted = form['scope']?.split(' ')
  if (wanted !== undefined) await assertGranted(deps, refreshToken, wanted)
  const { grant, refreshToken: successor } = await rotate(deps, presented, clientInfoOf(request))
  if (wanted === undefined) return { grant, refreshToken: successor }
  // A scope that the account has lost since the check is left out, and the response says so (RFC 6749 section 5.1).
  const scopes = grant.scopes.filter(scope => wanted.includes(scope))
  return { grant: { ...grant, scopes }, refreshToken: successor }
}

/** A refresh token that is not genuine is refused by the rotation. */
async function assertGranted({ db, refreshKeys }: GrantDeps, refreshToken: string, wanted: string[]): Promise<void> {
  const token = decodeRefreshToken(refreshToken, refreshKeys)
  const granted = token && (await readSessionScopes(db, token.sessionId))
  if (granted === undefined || wanted.every(scope => granted.includes(scope))) return
  throw new OAuthError('invalid_scope', 'The session does not have every requested scope.')
}

/** Issues an access token to the client itself, without a refresh token (RFC 6749 section 4.4.3). */
export async function clientGrant(deps: GrantDeps, request: FastifyRequest, form: Form): Promise<GrantResult> {
  const client = await requireClient(deps, request, form)
  const scopes = scopesFor(client.scopes, form['scope'])
  const { address, requestId } = clientInfoOf(request)
  const context = { actor: client.id, reason: null, address, requestId }
  await writeAudit(deps.db, {
    ...context,
    action: 'client.token',
    target: client.id,
    outcome: 'done',
    detail: { scopes },
  })
  return { grant: grantFor(client, scopes, deps.accessTokens.lifetimeSeconds) }
}

/**
 * @param held the client's scopes
 * @param requested the `scope` parameter; undefined requests all scopes that tokens can carry
 * @returns the scopes of the token
 * @throws OAuthError `invalid_scope`, `unauthorized_client`
 */
export function scopesFor(held: readonly string[], requested: string | undefined): string[] {
  const grantable = held.filter(scope => !secretScopes.includes(scope))
  if (grantable.length === 0)
    throw new OAuthError('unauthorized_client', 'The client has no scope that a token can carry.')
  const wanted = requested === undefined ? grantable : requested.split(' ')
  if (wanted.every(scope => grantable.includes(scope))) return [...new Set(wanted)]
  throw new OAuthError('invalid_scope', 'The client does not have every requested scope.')
}

function grantFor(client: AuthenticatedClient, scopes: string[], lifetimeSeconds: number): Grant {
  const { id, sessionId, globalEpoch, dbNowMs } = client
  return {
    accountId: id,
    clientId: id,
    sessionId,
    roles: [],
    scopes,
    epoch: 0,
    globalEpoch,
    remember: false,
    issuedAtMs: dbNowMs,
    authenticatedAtMs: dbNowMs,
    expiresAtMs: dbNowMs + lifetimeSeconds * 1000,
  }
}
