/** Token introspection from the database (RFC 7662). */
import type { AccessTokenClaims } from '@gatehouse/contract'
import { ProblemError } from '@gatehouse/contract'
import type { Verifier } from '@gatehouse/guard'
import type { Db } from '../database/database.ts'
import { checkCaller, isClientActive, isClientToken } from '../http/authenticate.ts'
import { readCaller } from '../store/readCaller.ts'
import { readClientCaller } from '../store/readClientCaller.ts'

export interface Introspection {
  active: boolean
  [claim: string]: unknown
}

export interface IntrospectionDeps {
  db: Db
  verifier: Verifier
}

/**
 * @returns the claims of an active access token for this audience; for anything else, refresh tokens included, only
 * `active: false` (RFC 7662 section 2.2)
 */
export async function introspect(deps: IntrospectionDeps, token: string): Promise<Introspection> {
  const claims = await verifiedClaims(deps.verifier, token)
  if (claims === undefined || !(await isActive(deps.db, claims))) return { active: false }
  return { active: true, token_type: 'Bearer', ...claims }
}

/** @returns the claims of a valid, unexpired access token; undefined for anything else */
export async function verifiedClaims(verifier: Verifier, token: string): Promise<AccessTokenClaims | undefined> {
  try {
    const { caller } = await verifier.verify(`Bearer ${token}`)
    return caller.claims
  } catch (error) {
    if (error instanceof ProblemError && error.code !== 'unavailable') return undefined
    throw error
  }
}

async function isActive(db: Db, claims: AccessTokenClaims): Promise<boolean> {
  if (!isClientToken(claims)) return checkCaller(await readCaller(db, claims), claims) === undefined
  return isClientActive(await readClientCaller(db, { id: claims.sub, sid: claims.sid }), claims)
}
