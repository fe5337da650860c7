/** Who calls the auth service's own routes: the same token and the same outcomes as anywhere, but revocation is asked of the database at once. */
import { type AccessTokenClaims, type ProblemCode, ProblemError } from '@gatehouse/contract'
import { type Caller, singleAuthorization, type Verifier } from '@gatehouse/guard'
import type { FastifyRequest } from 'fastify'
import type { QueryRaw } from '../database/rawSql.ts'
import { type CallerFacts, readCaller } from '../store/readCaller.ts'
import { type ClientFacts, readClientCaller } from '../store/readClientCaller.ts'

export interface AuthenticateDeps {
  db: QueryRaw
  verifier: Verifier
}

/** An onRequest hook that sets `request.caller` to a person, with the roles and scopes of this moment. */
export function authenticateUser({ db, verifier }: AuthenticateDeps) {
  return async (request: FastifyRequest): Promise<void> => {
    const caller = await verifyToken(verifier, request)
    if (isClientToken(caller.claims)) {
      throw new ProblemError('insufficient-scope', "a client's own token on a person's route", { scope: ['person'] })
    }
    request.caller = await readActiveUser(db, caller)
  }
}

/** The same for routes that machines may call too, with tokens of their own. */
export function authenticateAny({ db, verifier }: AuthenticateDeps) {
  return async (request: FastifyRequest): Promise<void> => {
    const caller = await verifyToken(verifier, request)
    request.caller = isClientToken(caller.claims)
      ? await readActiveClient(db, caller)
      : await readActiveUser(db, caller)
  }
}

/** No account's id can be a client's: clients are refused ids in the form of a UUID (RFC 9068 section 5). */
export function isClientToken({ sub, client_id }: { sub: string; client_id: string }): boolean {
  return sub === client_id
}

async function verifyToken(verifier: Verifier, request: FastifyRequest): Promise<Caller> {
  const { caller } = await verifier.verify(singleAuthorization(request.raw.rawHeaders, request.query))
  return caller
}

async function readActiveUser(db: QueryRaw, caller: Caller): Promise<Caller> {
  const facts = await readCaller(db, caller.claims)
  const outcome = checkCaller(facts, caller.claims)
  if (outcome !== undefined) throw new ProblemError(outcome, 'the session or account behind the token does not stand')
  const { roles = [], scopes = [] } = facts.account ?? {}
  return { ...caller, roles, scopes }
}

/** What was asked for at the token endpoint, as far as it is still granted. */
async function readActiveClient(db: QueryRaw, caller: Caller): Promise<Caller> {
  const facts = await readClientCaller(db, { id: caller.id, sid: caller.sid })
  if (!isClientActive(facts, caller.claims)) throw new ProblemError('session-ended', 'a token of a client that is gone')
  return { ...caller, roles: [], scopes: caller.scopes.filter(scope => facts.scopes?.includes(scope)) }
}

export function isClientActive(
  { scopes, globalEpoch }: ClientFacts,
  token: Pick<AccessTokenClaims, 'global_epoch'>,
): boolean {
  return scopes !== null && token.global_epoch >= globalEpoch
}

/** The same order as a guard's: the session first, then the account, then everyone. */
export function checkCaller(
  { account, session, globalEpoch }: CallerFacts,
  token: AccessTokenClaims,
): ProblemCode | undefined {
  const isCutOffWithAccount = session === null || session.endedAs === 'account-disabled'
  if (session !== null && session.endedAs !== null && !isCutOffWithAccount) return 'session-ended'
  if (account === null || account.isDisabled) return 'account-disabled'
  if (session === null || session.endedAs !== null || session.isExpired) return 'session-ended'
  if (token.global_epoch < globalEpoch) return 'session-ended'
  // The session stands, but what was granted has changed since.
  if (token.epoch < account.epoch) return 'token-expired'
  return undefined
}
