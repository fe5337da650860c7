/** Turns an Authorization header into a verified token, from memory whenever it can. */
import type { Clock } from '@gatehouse/clock'
import { ProblemError } from '@gatehouse/contract'
import { StrictJsonError } from '@gatehouse/http'
import type { Keys, PublicKey } from '../keys/publicKey.ts'
import { bearerTokenOf } from './authorization.ts'
import { type Caller, validateClaims } from './claims.ts'
import { createHeaderParser, type TokenHeader } from './header.ts'
import { assertStrictSegment } from './segment.ts'
import { type CheckSignature, createSignatureCheck } from './signature.ts'
import { createTokenCache, type VerifiedToken } from './tokenCache.ts'

export interface VerifierOptions {
  keys: Keys
  issuer: string
  audience: string
  clock: Clock
  /** How far clocks may differ, either way. */
  clockToleranceMs?: number
  /** The most tokens remembered. */
  cacheSize?: number
}

export interface Verifier {
  /**
   * The token of an Authorization header. From memory it answers at once; with a key that is not at hand, later.
   * @throws Refusal and nothing else
   */
  verify(authorization: string | undefined): VerifiedToken | Promise<VerifiedToken>
  /** The same from memory alone; nothing when it is not there, or no longer good. @param wallMs this instant, by the wall clock */
  lookup(authorization: string, wallMs: number): VerifiedToken | undefined
  /** How many tokens are remembered. */
  size(): number
}

/** A token that is not in memory, on its way to be judged. */
interface PendingToken extends TokenHeader {
  authorization: string
  token: string
}

export const defaultToleranceMs = 5000
export const defaultCacheSize = 100_000

export function createVerifier(options: VerifierOptions): Verifier {
  const { keys, issuer, audience, clock, clockToleranceMs: toleranceMs = defaultToleranceMs } = options
  const cache = createTokenCache({ maxSize: options.cacheSize ?? defaultCacheSize, toleranceMs })
  const parseHeader = createHeaderParser()
  const checks = new WeakMap<PublicKey, CheckSignature>()
  const creating = new WeakMap<PublicKey, Promise<CheckSignature>>()

  function verify(authorization: string | undefined): VerifiedToken | Promise<VerifiedToken> {
    if (authorization !== undefined) {
      const known = cache.get(authorization, clock.wallMs())
      if (known !== undefined) return known
    }
    const token = bearerTokenOf(authorization)
    const pending: PendingToken = { authorization: authorization ?? '', token, ...parseHeader(token) }
    const key = keys.find(pending.kid)
    const check = key && checks.get(key)
    if (key === undefined || check === undefined) return verifyLater(pending)
    return verifySignature(pending, key, check)
  }

  async function verifyLater(pending: PendingToken): Promise<VerifiedToken> {
    const key = keys.find(pending.kid) ?? (await keys.fetchKey(pending.kid))
    if (key === undefined) throw new ProblemError('token-invalid', 'unknown key')
    return verifySignature(pending, key, await checkOf(key))
  }

  async function checkOf(key: PublicKey): Promise<CheckSignature> {
    const created = creating.get(key) ?? createSignatureCheck(key, { issuer, audience })
    creating.set(key, created)
    const check = await created
    checks.set(key, check)
    return check
  }

  function verifySignature(pending: PendingToken, key: PublicKey, check: CheckSignature): VerifiedToken {
    if (key.isWithdrawn || pending.alg !== key.algorithm)
      throw new ProblemError('token-invalid', 'not what this key signs')
    const caller = requireValidClaims(payloadOf(pending.token, check), { wallMs: clock.wallMs(), toleranceMs })
    const { iat, exp } = caller.claims
    const verified: VerifiedToken = {
      authorization: pending.authorization,
      key,
      caller,
      iat,
      exp,
      passedRule: null,
      passedRevision: 0,
    }
    cache.set(verified)
    return verified
  }

  return { verify, lookup: cache.get, size: cache.size }
}

/** The library parses the payload, and not strictly. Its errors all mean the same here: some would be a 500, and none should be one. */
function payloadOf(token: string, check: CheckSignature): Record<string, unknown> {
  try {
    const payload = check(token)
    assertStrictSegment(token.slice(token.indexOf('.') + 1, token.lastIndexOf('.')), payload)
    return payload
  } catch (error) {
    throw new ProblemError('token-invalid', describeError(error))
  }
}

function describeError(error: unknown): string {
  if (error instanceof StrictJsonError) return `the payload ${error.message}`
  return error instanceof Error && 'code' in error ? String(error.code) : 'an error without a code'
}

function requireValidClaims(payload: Record<string, unknown>, rules: { wallMs: number; toleranceMs: number }): Caller {
  const judgement = validateClaims(payload, rules)
  if (judgement.kind === 'bad') throw new ProblemError(judgement.code, judgement.why)
  return judgement.caller
}
