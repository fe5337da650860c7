/** Authenticates requests to the auth service's own routes: as a guard does, but revocation is read from the database. */
import { type AccessTokenClaims, type ProblemCode, ProblemError } from '@gatehouse/contract'
import { type Caller, singleAuthorization, type Verifier } from '@gatehouse/guard'
import type { FastifyRequest } from 'fastify'
import type { CallerReads } from '../store/callerReads.ts'
import type { CallerFacts } from '../store/readCaller.ts'
import type { ClientFacts } from '../store/readClientCaller.ts'
import { isFirstParty } from '../tokens/firstParty.ts'

export interface AuthenticateDeps {
  callers: CallerReads
  verifier: Verifier
}

/** An onRequest hook that sets `request.caller` to a user with the current roles and scopes. */
export function authenticateUser({ callers, verifier }: AuthenticateDeps) {
  return async (request: FastifyRequest): Promise<void> => {
    const caller = await verifyToken(verifier, request)
    if (isClientToken(caller.claims)) {
      throw new ProblemError('insufficient-scope', "a service client's token on a user's route", { scope: ['person'] })
    }
    // A client that acts for a user must not use the user's password and sessions.
    if (!isFirstParty(caller.claims))
      throw new ProblemError('insufficient-scope', "another client's token on a user's route", { scope: ['person'] })
    request.caller = await readActiveUser(callers, caller)
  }
}

/** The same for routes that service clients may call too, with their own tokens. */
export function authenticateAny({ callers, verifier }: AuthenticateDeps) {
  return async (request: FastifyRequest): Promise<void> => {
    const caller = await verifyToken(verifier, request)
    // Names the actor of a refusal in the audit log; no handler runs before the next statement has succeeded.
    request.caller = { ...caller, roles: [], scopes: [] }
    request.caller = isClientToken(caller.claims)
      ? await readActiveClient(callers, caller)
      : await readActiveUser(callers, caller)
  }
}

/** An account id is never a client id: a client id in the form of a UUID is refused (RFC 9068 section 5). */
export function isClientToken({ sub, client_id }: { sub: string; client_id: string }): boolean {
  return sub === client_id
}

async function verifyToken(verifier: Verifier, request: FastifyRequest): Promise<Caller> {
  const { caller } = await verifier.verify(singleAuthorization(request.raw.rawHeaders, request.query))
  return caller
}

async function readActiveUser(callers: CallerReads, caller: Caller): Promise<Caller> {
  const facts = await callers.user(caller)
  const outcome = checkCaller(facts, caller.claims) ?? (await checkActor(callers, caller))
  if (outcome !== undefined)
    throw new ProblemError(outcome, 'the session, account or acting client of the token is not active')
  return { ...caller, ...rightsOf(facts, caller.claims) }
}

/** The current roles and scopes of the account, of which the token may have a part; no role for another client. */
export function rightsOf({ account }: CallerFacts, claims: AccessTokenClaims): { roles: string[]; scopes: string[] } {
  const { roles = [], scopes = [] } = account ?? {}
  const granted = (claims.scope ?? '').split(' ')
  return {
    roles: isFirstParty(claims) ? roles.filter(role => claims.roles.includes(role)) : [],
    scopes: scopes.filter(scope => granted.includes(scope)),
  }
}

/** The scopes of the token, reduced to those that the client still has. */
async function readActiveClient(callers: CallerReads, caller: Caller): Promise<Caller> {
  const facts = await callers.client(caller)
  const outcome = checkClient(facts, caller.claims)
  if (outcome !== undefined) throw new ProblemError(outcome, 'a token of a deleted service client, or of an old key')
  return { ...caller, roles: [], scopes: caller.scopes.filter(scope => facts.scopes?.includes(scope)) }
}

/** The client that acts for the user. A token of release 0.1.0 does not name its session. */
export async function checkActor(callers: CallerReads, { claims, keyId }: Caller): Promise<ProblemCode | undefined> {
  const { act } = claims
  if (act?.sid === undefined) return undefined
  return checkClient(await callers.client({ id: act.sub, sid: act.sid, keyId }), claims)
}

/** Checks in a guard's order: the key, then the client, then the global epoch. */
export function checkClient(
  { scopes, globalEpoch, isKeyWithdrawn }: ClientFacts,
  token: Pick<AccessTokenClaims, 'global_epoch'>,
): ProblemCode | undefined {
  if (isKeyWithdrawn) return 'token-invalid'
  return scopes !== null && token.global_epoch >= globalEpoch ? undefined : 'session-ended'
}

/** The same for a session without a token. */
export function checkSession(facts: CallerFacts): ProblemCode | undefined {
  return checkCaller(facts, { epoch: facts.account?.epoch ?? 0, global_epoch: facts.session?.globalEpoch ?? 0 })
}

/** Checks in a guard's order: the key, the session, the account, the global epoch. */
export function checkCaller(
  { account, session, globalEpoch, isKeyWithdrawn }: CallerFacts,
  token: Pick<AccessTokenClaims, 'epoch' | 'global_epoch'>,
): ProblemCode | undefined {
  if (isKeyWithdrawn) return 'token-invalid'
  const endedWithAccount = session === null || session.endedAs === 'account-disabled'
  if (session !== null && session.endedAs !== null && !endedWithAccount) return 'session-ended'
  if (account === null || account.isDisabled) return 'account-disabled'
  if (session === null || session.endedAs !== null || session.isExpired) return 'session-ended'
  if (token.global_epoch < globalEpoch) return 'session-ended'
  // The session is active, but the account's rights have changed since the token was issued.
  if (token.epoch < account.epoch) return 'token-expired'
  return undefined
}
