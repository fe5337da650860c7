/** Checks signature, issuer and audience of a token; the only module that uses fast-jwt. */
import { requiredClaims } from '@gatehouse/contract'
import { createVerifier } from 'fast-jwt'
import type { PublicKey } from '../keys/publicKey.ts'

/**
 * Returns the payload, or throws. The guard treats all errors alike, except for one with the code
 * `FAST_JWT_INVALID_CLAIM_VALUE`: the signature is valid, and the token is for another issuer or
 * audience.
 */
export type CheckSignature = (token: string) => Record<string, unknown>

/**
 * Creates the check for one key. The check must verify the signature before the claims, accept the
 * algorithm of the key only, require `requiredClaims`, and leave all times to the guard.
 */
export type CreateSignatureCheck = (key: PublicKey, rules: TokenRules) => CheckSignature | Promise<CheckSignature>

interface TokenRules {
  issuer: string
  audience: string
}

/**
 * The rules in the form that fast-jwt and @fastify/jwt take.
 *
 * The library would judge times by `Date.now()`, so `validateClaims` does it instead. `allowedIss`
 * accepts a token without `iss` unless `requiredClaims` names it.
 */
export function verifierOptions(key: PublicKey, rules: TokenRules) {
  return {
    algorithms: [key.algorithm],
    allowedIss: rules.issuer,
    allowedAud: rules.audience,
    requiredClaims: [...requiredClaims],
    ignoreExpiration: true,
    ignoreNotBefore: true,
  }
}

export const fastJwtCheck: CreateSignatureCheck = (key, rules) =>
  createVerifier({ key: key.pem, ...verifierOptions(key, rules) })
