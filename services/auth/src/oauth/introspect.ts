/** What a token is worth now, asked of the database (RFC 7662). */
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
 * Whatever is not an access token for this audience that stands is `active: false` and nothing else: why is nobody's
 * business (section 2.2), and a refresh token is meant for the auth service alone.
 */
export async function introspect(deps: IntrospectionDeps, token: string): Promise<Introspection> {
  const claims = await verifiedClaims(deps.verifier, token)
  if (claims === undefined || !(await isActive(deps.db, claims))) return { active: false }
  return { active: true, token_type: 'Bearer', ...claims }
}

/** The claims of a genuine token that has not expired; undefined for anything else. */
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
