/** Token exchange (RFC 8693): a client gets a session of its own, or a narrower token, from a user's access token. */
import { randomUUID } from 'node:crypto'
import { type AccessTokenClaims, ProblemError } from '@gatehouse/contract'
import type { Caller, Verifier } from '@gatehouse/guard'
import type { FastifyRequest } from 'fastify'
import type { Db, PrismaClient } from '../database/database.ts'
import { checkCaller, isClientToken } from '../http/authenticate.ts'
import { type ClientInfo, clientInfoOf } from '../http/clientInfo.ts'
import { sha256 } from '../keys/hmac.ts'
import type { Lifetimes } from '../login/login.ts'
import type { EndSurplusSessions } from '../login/sessionLimit.ts'
import type { AccessTokenContents } from '../store/accessTokenContents.ts'
import {
  type Exchange,
  lockExchangingClient,
  lockSubject,
  readActingContents,
  startExchangedSession,
} from '../store/exchangeSession.ts'
import { readCaller } from '../store/readCaller.ts'
import type { AuthenticatedClient } from '../store/serviceClients.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { encodeRefreshToken, newSecret } from '../tokens/refreshToken.ts'
import type { AssertTokenFits } from '../tokens/tokenSizeLimit.ts'
import { requestedAudience } from './audience.ts'
import { requireClient } from './client.ts'
import { OAuthError } from './errors.ts'
import { type Form, requireParameter } from './form.ts'
import { type GrantDeps, type GrantResult, secretScopes } from './grants.ts'
import { verifiedCaller } from './introspect.ts'
import { tokenTypes } from './tokenTypes.ts'

export interface ExchangeDeps extends GrantDeps {
  db: PrismaClient
  /** Of an audience, null being the default one; undefined for one that is not configured. */
  verifierFor: (audience: string | null) => Verifier | undefined
  lifetimes: Lifetimes
  assertTokenFits: AssertTokenFits
  endSurplusSessions: EndSurplusSessions
}

/**
 * @throws OAuthError `unauthorized_client` without the scope `exchange`; `invalid_request` for a token that is not a valid
 * access token of a user (RFC 8693 section 2.2.2); `invalid_grant` when its session or account is no longer active;
 * `invalid_scope`, `invalid_target`
 */
export async function exchangeGrant(deps: ExchangeDeps, request: FastifyRequest, form: Form): Promise<GrantResult> {
  const client = await requireClient(deps, request, form)
  if (!client.scopes.includes('exchange'))
    throw new OAuthError('unauthorized_client', 'The client lacks the scope exchange.')
  const issued = requestedTokenType(form)
  const subject = await subjectOf(deps.verifierFor(client.audience), form)
  const { claims } = subject
  // Otherwise a client could multiply the sessions that it was given.
  if (issued === tokenTypes.refresh && claims.client_id === client.id)
    throw new OAuthError('invalid_request', 'The subject_token comes from a session of this client.')
  const audience = requestedAudience(form, deps.audiences) ?? client.audience ?? deps.audiences[0] ?? ''
  const scopes = exchangeableScopes({ claims, client: client.scopes, wanted: form['scope']?.split(' ') })
  deps.assertTokenFits({ clientId: client.id, actor: client.id, roles: [], scopes })
  const { sub: accountId, sid: sessionId, auth_time: authTime } = claims
  const scope = scopes.join(' ')
  const exchange = { accountId, sessionId, clientId: client.id, scope, audience, authTime }

  const clientInfo = clientInfoOf(request)
  const secret = newSecret()
  const newSessionId = randomUUID()
  const contents = await deps.db.$transaction(async tx => {
    await assertActive(tx, { client, subject, scopes })
    const started = { ...exchange, ...clientInfo, newSessionId, secretHash: sha256(secret), idle: idleTimes(deps) }
    const granted =
      issued === tokenTypes.refresh
        ? await startExchangedSession(tx, started)
        : await readActingContents(tx, exchange, client.sessionId)
    if (granted === undefined) throw notActive()
    await auditExchange(tx, { exchange, issued, granted }, clientInfo)
    return granted
  })
  if (issued === tokenTypes.access) return { contents, issued }
  await deps.endSurplusSessions(accountId, clientInfo)
  const refreshToken = encodeRefreshToken({ sessionId: newSessionId, generation: 0, secret }, deps.refreshKeys)
  return { contents, refreshToken, issued }
}

function requestedTokenType({ requested_token_type: requested = tokenTypes.access }: Form) {
  if (requested === tokenTypes.refresh) return tokenTypes.refresh
  if (requested === tokenTypes.access || requested === tokenTypes.jwt) return tokenTypes.access
  throw new OAuthError('invalid_request', 'The requested_token_type is not supported.')
}

/** The client itself is the actor. A token that was exchanged before is not exchanged again. */
async function subjectOf(verifier: Verifier | undefined, form: Form): Promise<Caller> {
  const token = requireParameter(form, 'subject_token')
  const type = requireParameter(form, 'subject_token_type')
  if (type !== tokenTypes.access && type !== tokenTypes.jwt)
    throw new OAuthError('invalid_request', 'The subject_token_type is not supported.')
  if (form['actor_token'] !== undefined || form['actor_token_type'] !== undefined)
    throw new OAuthError('invalid_request', 'An actor_token is not supported: the client is the actor.')
  const caller = await verifiedCaller(verifier, token)
  if (caller === undefined || isClientToken(caller.claims) || caller.claims.act !== undefined)
    throw new OAuthError(
      'invalid_request',
      'The subject_token is not a valid access token of a user for the audience of the client.',
    )
  return caller
}

/** A client gets only scopes that the presented token has and that the client holds itself. */
function exchangeableScopes(input: {
  claims: AccessTokenClaims
  client: readonly string[]
  wanted: readonly string[] | undefined
}): string[] {
  const { claims, client, wanted } = input
  const held = claims.scope
    .split(' ')
    .filter(scope => scope !== '' && client.includes(scope) && !secretScopes.includes(scope))
  if (wanted === undefined) return held
  if (wanted.every(scope => held.includes(scope))) return [...new Set(wanted)]
  throw new OAuthError('invalid_scope', 'The client or the subject_token does not have every requested scope.')
}

/** Under the locks, so that what was revoked before the commit is refused, and what is revoked later is covered. */
async function assertActive(
  tx: Db,
  { client, subject, scopes }: { client: AuthenticatedClient; subject: Caller; scopes: readonly string[] },
): Promise<void> {
  const held = await lockExchangingClient(tx, client)
  if (held === undefined || ![...scopes, 'exchange'].every(scope => held.includes(scope)))
    throw new ProblemError('client-invalid', 'the client was changed after the request had begun')
  await lockSubject(tx, { accountId: subject.id, sessionId: subject.sid })
  if (checkCaller(await readCaller(tx, subject), subject.claims) !== undefined) throw notActive()
}

function notActive(): OAuthError {
  return new OAuthError('invalid_grant', 'The session or the account of the subject_token is not active.')
}

function idleTimes({ lifetimes }: ExchangeDeps) {
  return { idle: lifetimes.idle, shortIdle: lifetimes.shortIdle }
}

async function auditExchange(
  tx: Db,
  { exchange, issued, granted }: { exchange: Exchange; issued: string; granted: AccessTokenContents },
  clientInfo: ClientInfo,
): Promise<void> {
  const { clientId, accountId, sessionId, scope, audience } = exchange
  const detail = { subjectSession: sessionId, session: granted.sessionId, issued, scope, audience }
  await writeAudit(tx, { actor: clientId, ...clientInfo }, { action: 'session.exchange', target: accountId, detail })
}
