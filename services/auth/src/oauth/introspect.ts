/** Token introspection from the database (RFC 7662). */
import { ProblemError } from '@gatehouse/contract'
import type { Caller, Verifier } from '@gatehouse/guard'
import type { Db } from '../database/database.ts'
import { checkCaller, checkClient, isClientToken } from '../http/authenticate.ts'
import { readCaller } from '../store/readCaller.ts'
import { readClientCaller } from '../store/readClientCaller.ts'

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
  if (!isClientToken(claims)) return checkCaller(await readCaller(db, caller), claims) === undefined
  return checkClient(await readClientCaller(db, caller), claims) === undefined
}
