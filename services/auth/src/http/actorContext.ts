/**
 * The context of an action, with a way to read its actor's rights again inside the action's
 * transaction.
 */
import { type AccessTokenClaims, ProblemError } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'
import type { QueryRaw } from '../database/rawSql.ts'
import { type CallerReads, singleReads } from '../store/callerReads.ts'
import type { CallerFacts } from '../store/readCaller.ts'
import type { AuditContext } from '../store/writeAudit.ts'
import { checkActor, checkCaller, checkClient, isClientToken, rightsOf } from './authenticate.ts'
import { clientInfoOf } from './clientInfo.ts'

/** The account or service client that acts, with its rights at the moment of the read. */
export interface Actor {
  /** Id of the account or of the service client. */
  id: string
  sid: string
  roles: readonly string[]
  scopes: readonly string[]
  /** How long ago the user logged in, by PostgreSQL's clock. 0 for a service client, which has no log-in. */
  authAgeSeconds: number
}

/**
 * What the action's transaction has itself changed of its actor. The transaction holds the lock of
 * each changed row and has read the actor under that lock, so the changed part is not checked
 * again.
 */
export interface OwnChanges {
  account?: boolean
  session?: boolean
}

/**
 * @param from a transaction, or reads that several actors share in it
 * @throws ProblemError `session-ended`, `account-disabled`, `token-expired`, `token-invalid`,
 *   `insufficient-scope`
 */
export type ReadActor = (from: QueryRaw | CallerReads, ownChanges?: OwnChanges) => Promise<Actor>

/** An audit context whose actor can be read again. */
export interface ActorContext extends AuditContext {
  actor: string
  /** Session of the actor's access token. */
  sid: string
  readActor: ReadActor
}

/**
 * @param request an authenticated request
 * @param reason what the caller gave as the reason
 */
export function auditContextOf(request: FastifyRequest, reason: string | null = null) {
  const { address, requestId } = clientInfoOf(request)
  return { actor: request.caller.id, reason, address, requestId }
}

/**
 * The hook that authenticates runs when the header has arrived. The body may arrive much later, and
 * a password hash may wait in a queue, so each action reads its actor again in its own transaction.
 * @param request an authenticated request
 * @param reason what the caller gave as the reason
 */
export function actorContextOf(
  request: FastifyRequest,
  reason: string | null = null,
): ActorContext & ReturnType<typeof auditContextOf> {
  const { caller } = request
  const readActor: ReadActor = async (from, ownChanges = {}) => {
    const { id, sid } = caller
    const callers = 'user' in from ? from : singleReads(from)
    if (isClientToken(caller.claims)) {
      // The action has itself deleted this client or replaced its session, and read the client before
      // that under the row's lock.
      if (ownChanges.session) return { id, sid, roles: [], scopes: caller.scopes, authAgeSeconds: 0 }
      const facts = await callers.client(caller)
      const code = checkClient(facts, caller.claims)
      if (code !== undefined) throw new ProblemError(code, 'the client was revoked after the request had begun')
      const scopes = caller.scopes.filter(scope => facts.scopes?.includes(scope))
      return { id, sid, roles: [], scopes, authAgeSeconds: 0 }
    }
    const facts = withoutOwnChanges(await callers.user(caller), caller.claims, ownChanges)
    const code = checkCaller(facts, caller.claims) ?? (await checkActor(callers, caller))
    if (code !== undefined) throw new ProblemError(code, 'the actor was revoked after the request had begun')
    return {
      id,
      sid,
      ...rightsOf(facts, caller.claims),
      authAgeSeconds: facts.dbNowMs / 1000 - caller.claims.auth_time,
    }
  }
  return { ...auditContextOf(request, reason), sid: caller.sid, readActor }
}

function withoutOwnChanges(facts: CallerFacts, claims: AccessTokenClaims, ownChanges: OwnChanges): CallerFacts {
  const { roles = [], scopes = [] } = facts.account ?? {}
  return {
    ...facts,
    ...(ownChanges.account ? { account: { epoch: claims.epoch, isDisabled: false, roles, scopes } } : {}),
    ...(ownChanges.session ? { session: { endedAs: null, isExpired: false, globalEpoch: facts.globalEpoch } } : {}),
  }
}
