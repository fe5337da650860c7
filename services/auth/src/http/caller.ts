/** Who calls the auth service's own routes: the same token and the same outcomes as anywhere, but revocation is asked of the database at once. */
import { type AccessTokenClaims, type Outcome, Refusal } from '@gatehouse/contract'
import { refuseSecondToken, type Verifier } from '@gatehouse/guard'
import type { FastifyRequest } from 'fastify'
import type { Db } from '../store/database.ts'
import { type CallerFacts, readCaller } from '../store/readCaller.ts'

export interface CallerRooms {
  db: Db
  verifier: Verifier
}

/** An onRequest hook that sets `request.caller`, with the roles and scopes of this moment. */
export function identify({ db, verifier }: CallerRooms) {
  return async (request: FastifyRequest): Promise<void> => {
    refuseSecondToken(request.raw.rawHeaders, request.query)
    const { caller } = await verifier.verify(request.headers.authorization)
    const facts = await readCaller(db, caller.claims)
    const outcome = judgeCaller(facts, caller.claims)
    if (outcome !== undefined) throw new Refusal(outcome, 'the session or account behind the token does not stand')
    const { roles = [], scopes = [] } = facts.account ?? {}
    request.caller = { ...caller, roles, scopes }
  }
}

/** The same order as a guard's: the session first, then the account, then everyone. */
export function judgeCaller(
  { account, session, everyoneEpoch }: CallerFacts,
  token: AccessTokenClaims,
): Outcome | undefined {
  const isCutOffWithAccount = session === null || session.endedAs === 'account-disabled'
  if (session !== null && session.endedAs !== null && !isCutOffWithAccount) return 'session-ended'
  if (account === null || account.isDisabled) return 'account-disabled'
  if (session === null || session.endedAs !== null || session.isExpired) return 'session-ended'
  if (token.everyone_epoch < everyoneEpoch) return 'session-ended'
  // The session stands, but what was granted has changed since.
  if (token.epoch < account.epoch) return 'token-expired'
  return undefined
}

/** An onRequest hook for what only some roles may do. It runs after `identify`. */
export function requireRole(role: string) {
  return async (request: FastifyRequest): Promise<void> => {
    if (request.caller.roles.includes(role)) return
    throw new Refusal('insufficient-scope', `the role ${role} is missing`, { scope: [`role:${role}`] })
  }
}
