/** Token introspection from the database (RFC 7662). */
import { ProblemError } from '@gatehouse/contract'
import type { Caller, Verifier } from '@gatehouse/guard'
import type { Db } from '../database/database.ts'
import { checkActor, checkCaller, checkClient, isClientToken } from '../http/authenticate.ts'
import { singleReads } from '../store/callerReads.ts'

export interface Introspection {
  active: boolean
  [claim: string]: unknown
}

export interface IntrospectionDeps {
  db: Db
  /** Of the client's audience; undefined when that is not configured any more. */
  verifier: Verifier | undefined
}

/**
 * @returns the claims of an active access token for the audience of the client; for anything else, refresh tokens included, only
 * `active: false` (RFC 7662 section 2.2)
 */
export async function introspect(deps: IntrospectionDeps, token: string): Promise<Introspection> {
  const caller = await verifiedCaller(deps.verifier, token)
  if (caller === undefined || !(await isActive(deps.db, caller))) return { active: false }
  return { active: true, token_type: 'Bearer', ...caller.claims }
}

/** @returns the caller of a valid, unexpired access token; undefined for anything else */
export async function verifiedCaller(verifier: Verifier | undefined, token: string): Promise<Caller | undefined> {
  if (verifier === undefined) return undefined
  try {
    const { caller } = await verifier.verify(`Bearer ${token}`)
    return caller
  } catch (error) {
    if (error instanceof ProblemError && error.code !== 'unavailable') return undefined
    throw error
  }
}

async function isActive(db: Db, caller: Caller): Promise<boolean> {
  const { claims } = caller
  const reads = singleReads(db)
  const problem = isClientToken(claims)
    ? checkClient(await reads.client(caller), claims)
    : (checkCaller(await reads.user(caller), claims) ?? (await checkActor(reads, caller)))
  return problem === undefined
}
