/** The grants of the token endpoint: the refresh token of a user's session, and client credentials. */
import type { FastifyRequest } from 'fastify'
import { clientInfoOf, isAwaited } from '../http/clientInfo.ts'
import { idempotencyKeyOf } from '../http/idempotencyKey.ts'
import { type RotateDeps, rotate } from '../rotate/rotate.ts'
import type { AccessTokenContents } from '../store/accessTokenContents.ts'
import { readSessionGrant } from '../store/readSessionGrant.ts'
import type { AuthenticatedClient } from '../store/serviceClients.ts'
import { writeAudit } from '../store/writeAudit.ts'
import type { AccessTokens } from '../tokens/accessTokens.ts'
import { firstParty } from '../tokens/firstParty.ts'
import { decodeRefreshToken } from '../tokens/refreshToken.ts'
import { type Audiences, requestedAudience } from './audience.ts'
import { type ClientDeps, type PublicClientDeps, presentingClient, requireClient } from './client.ts'
import { OAuthError } from './errors.ts'
import { type Form, requireParameter } from './form.ts'
import type { tokenTypes } from './tokenTypes.ts'

export interface GrantDeps extends RotateDeps, ClientDeps, PublicClientDeps {
  accessTokens: AccessTokens
  audiences: Audiences
}

export interface GrantResult {
  contents: AccessTokenContents
  refreshToken?: string
  /** The type of the token that an exchange issued (RFC 8693 section 2.2.1). */
  issued?: (typeof tokenTypes)['access' | 'refresh']
}

/** Scopes that a client uses with its secret; tokens do not carry them, because no route requires them. */
export const secretScopes: readonly string[] = ['guard', 'introspect', 'exchange']

/**
 * Rotates as `POST /session/renew` does, with the same retries and reuse detection (RFC 6749 section 6). `scope` and
 * `resource` select what the access token has; the next one can be another.
 * @throws OAuthError `unauthorized_client`, `invalid_scope`, `invalid_target` before the token rotates, so the client can
 * present it again
 */
export async function refreshGrant(deps: GrantDeps, request: FastifyRequest, form: Form): Promise<GrantResult> {
  const refreshToken = requireParameter(form, 'refresh_token')
  const client = await presentingClient(deps, request, form)
  // A confidential client that only names itself is not authenticated.
  if (client === undefined) throw new OAuthError('invalid_grant', 'The refresh token belongs to another client.')
  const { id: clientId } = client
  // A service client has only sessions of token exchanges, unless its devices began them while it was public.
  const held = deps.publicClients.includes(clientId) ? null : client.scopes
  if (held !== null && !held.includes('exchange'))
    throw new OAuthError('unauthorized_client', 'The client lacks the scope exchange.')
  const wanted = { scopes: form['scope']?.split(' '), audience: requestedAudience(form, deps.audiences) }
  await assertGranted(deps, { refreshToken, clientId }, wanted)
  const idempotencyKey = idempotencyKeyOf(request)
  const presented = { refreshToken, clientId, idempotencyKey, isAwaited: () => isAwaited(request) }
  const { contents, refreshToken: successor } = await rotate(deps, presented, clientInfoOf(request))
  const { scopes = contents.scopes, audience = contents.audience ?? null } = wanted
  // A scope that the account or the client has lost is left out, and the response says so (RFC 6749 section 5.1).
  const kept = contents.scopes.filter(scope => scopes.includes(scope) && (held?.includes(scope) ?? true))
  // A role gives more than any scope, so a token with a part of the scope has none.
  const roles = kept.length < contents.scopes.length ? [] : contents.roles
  const narrowed = { ...contents, audience, roles, scopes: kept }
  return { contents: narrowed, refreshToken: successor }
}

interface WantedGrant {
  scopes: string[] | undefined
  audience: string | undefined
}

/** A refresh token that is not genuine, or of another client, is refused by the rotation. */
async function assertGranted(
  { db, refreshKeys, audiences }: GrantDeps,
  { refreshToken, clientId }: { refreshToken: string; clientId: string },
  { scopes = [], audience }: WantedGrant,
): Promise<void> {
  // A session that began with a password has no audience of its own.
  if (scopes.length === 0 && audience === undefined && clientId === firstParty) return
  const token = decodeRefreshToken(refreshToken, refreshKeys)
  const granted = token && (await readSessionGrant(db, token.sessionId))
  if (granted === undefined || granted.clientId !== clientId) return
  if (!scopes.every(scope => granted.scopes.includes(scope)))
    throw new OAuthError('invalid_scope', 'The session does not have every requested scope.')
  if (audience !== undefined && audience !== (granted.audience ?? audience))
    throw new OAuthError('invalid_target', 'The session is for another resource.')
  if (granted.audience !== null && !audiences.includes(granted.audience))
    throw new OAuthError('invalid_target', 'The resource of the session is not known here any more.')
}

/** Issues an access token to the client itself, without a refresh token (RFC 6749 section 4.4.3). */
export async function clientGrant(deps: GrantDeps, request: FastifyRequest, form: Form): Promise<GrantResult> {
  const client = await requireClient(deps, request, form)
  const scopes = scopesFor(client.scopes, form['scope'])
  const audience = requestedAudience(form, deps.audiences) ?? null
  const context = { actor: client.id, ...clientInfoOf(request) }
  await writeAudit(deps.db, context, { action: 'client.token', target: client.id, detail: { scopes, audience } })
  return { contents: { ...contentsFor(client, scopes, deps.accessTokens.lifetimeSeconds), audience } }
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

function contentsFor(client: AuthenticatedClient, scopes: string[], lifetimeSeconds: number): AccessTokenContents {
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
