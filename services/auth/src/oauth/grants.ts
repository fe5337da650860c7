/** The two grants of the token endpoint: a refresh token of a person's session, and a client for itself. */
import type { FastifyRequest } from 'fastify'
import { clientInfoOf, isAwaited } from '../http/clientInfo.ts'
import { idempotencyKeyOf } from '../http/idempotencyKey.ts'
import { type RotateDeps, rotate } from '../rotate/rotate.ts'
import type { Grant } from '../store/rotateRefreshToken.ts'
import type { AuthenticatedClient } from '../store/serviceClients.ts'
import { writeAudit } from '../store/writeAudit.ts'
import type { AccessTokens } from '../tokens/accessTokens.ts'
import { type ClientDeps, clientOf, requireClient } from './client.ts'
import { OAuthError } from './errors.ts'
import { type Form, requireParameter } from './form.ts'

export interface GrantDeps extends RotateDeps, ClientDeps {
  accessTokens: AccessTokens
}

export interface GrantResult {
  grant: Grant
  refreshToken?: string
}

/** People's sessions belong to this public client: it has no secret, and may name itself. */
export const firstParty = 'first-party'
/** What a client does as itself with its secret; no token carries them, since no route would ask for them. */
const secretScopes: readonly string[] = ['guard', 'introspect']

/** The same rotation as `POST /session/renew`, with the same honest retries and the same thieves (RFC 6749 section 6). */
export async function refreshGrant(deps: GrantDeps, request: FastifyRequest, form: Form): Promise<GrantResult> {
  const refreshToken = requireParameter(form, 'refresh_token')
  const client = await clientOf(deps, request, form)
  const clientId = client?.id ?? form['client_id'] ?? firstParty
  if (clientId !== firstParty) throw new OAuthError('invalid_grant', 'The refresh token belongs to another client.')
  const presented = { refreshToken, idempotencyKey: idempotencyKeyOf(request), isAwaited: () => isAwaited(request) }
  return rotate(deps, presented, clientInfoOf(request))
}

/** A token of the client's own (RFC 6749 section 4.4): no refresh token comes with it, since the secret is at hand. */
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
 * Pure: what the token may carry.
 * @param requested the `scope` parameter; all that is held when there is none
 * @throws OAuthError `invalid_scope`, `unauthorized_client`
 */
export function scopesFor(held: readonly string[], requested: string | undefined): string[] {
  const grantable = held.filter(scope => !secretScopes.includes(scope))
  if (grantable.length === 0) throw new OAuthError('unauthorized_client', 'This client is given no tokens.')
  const wanted = requested === undefined ? grantable : requested.split(' ')
  if (wanted.every(scope => grantable.includes(scope))) return [...new Set(wanted)]
  throw new OAuthError('invalid_scope', 'The client does not hold every scope that it asks for.')
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
