/** Verifies the token of an Authorization header, from the cache when it can. */
import { ProblemError, StrictJsonError } from '@gatehouse/contract'
import type { Keys, PublicKey } from '../keys/publicKey.ts'
import { bearerTokenOf } from './authorizationHeader.ts'
import { validateClaims } from './claims.ts'
import { createHeaderParser, type TokenHeader } from './joseHeader.ts'
import { parseSegment } from './segment.ts'
import { type CheckSignature, type CreateSignatureCheck, nodeCryptoCheck } from './signature.ts'
import { createTokenCache, isWithinLifetime, type VerifiedToken } from './tokenCache.ts'

/** The options of a verifier. */
export interface VerifierOptions {
  keys: Keys
  issuer: string
  audience: string
  /**
   * The time by which `exp`, `iat` and `nbf` are judged, in milliseconds since 1970: the time of
   * the database that issues tokens. Null while it is not known yet; `verify` then throws
   * `revocation-unknown`.
   */
  timeMs: () => number | null
  /**
   * False when `timeMs` and the keys can be behind. A token with a time in the future or an unknown
   * key is then `revocation-unknown` instead of `token-invalid`. The default is true.
   */
  isTimeCurrent?: () => boolean
  /**
   * How long after `exp` a token is accepted, and how long before `iat` and `nbf`, in milliseconds.
   */
  clockToleranceMs?: number
  /** The maximum number of cached tokens. */
  cacheSize?: number
  /** Creates the check of a token's signature. The default is `nodeCryptoCheck`. */
  createSignatureCheck?: CreateSignatureCheck
  /** Receives the reason when a token with a valid signature is for another issuer or audience. */
  onOtherService?: (why: string) => void
}

/** Verifies access tokens. */
export interface Verifier {
  /**
   * Verifies the token of an Authorization header. It returns a promise only when the key is not
   * known yet.
   * @throws ProblemError `token-missing`, `token-invalid`, `token-expired`, `request-malformed`,
   *   `unavailable` or `revocation-unknown`
   */
  verify(authorization: string | undefined): VerifiedToken | Promise<VerifiedToken>
  /** Looks into the cache only. @param timeMs the present time, in milliseconds since 1970 */
  lookup(authorization: string, timeMs: number): VerifiedToken | undefined
  /** Checks a verified token again. @throws ProblemError `token-expired` or `token-invalid` */
  assertCurrent(token: VerifiedToken): void
  /** The number of cached tokens. */
  size(): number
}

/** A token that is being verified. */
interface PendingToken extends TokenHeader {
  authorization: string
  token: string
}

export const defaultToleranceMs = 5000
export const defaultCacheSize = 100_000

export function createVerifier(options: VerifierOptions): Verifier {
  const { keys, issuer, audience, timeMs, isTimeCurrent = () => true } = options
  const { createSignatureCheck = nodeCryptoCheck, onOtherService = () => undefined } = options
  const toleranceMs = options.clockToleranceMs ?? defaultToleranceMs
  const cache = createTokenCache({ maxSize: options.cacheSize ?? defaultCacheSize, toleranceMs })
  const parseHeader = createHeaderParser()
  const checks = new WeakMap<PublicKey, CheckSignature>()
  const creating = new WeakMap<PublicKey, Promise<CheckSignature>>()

  function verify(authorization: string | undefined): VerifiedToken | Promise<VerifiedToken> {
    const now = timeMs()
    if (authorization !== undefined && now !== null) {
      const known = cache.get(authorization, now)
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
    // Without a lease, the feed may have announced the key since.
    if (key === undefined)
      throw new ProblemError(isTimeCurrent() ? 'token-invalid' : 'revocation-unknown', 'unknown key')
    return verifySignature(pending, key, await checkOf(key))
  }

  async function checkOf(key: PublicKey): Promise<CheckSignature> {
    const created = creating.get(key) ?? Promise.resolve(createSignatureCheck(key))
    creating.set(key, created)
    const check = await created
    checks.set(key, check)
    return check
  }

  function verifySignature(pending: PendingToken, key: PublicKey, check: CheckSignature): VerifiedToken {
    if (key.isWithdrawn) throw new ProblemError('token-invalid', 'its key was withdrawn')
    if (pending.alg !== key.algorithm) throw new ProblemError('token-invalid', 'not the algorithm of this key')
    const now = timeMs()
    const result = validateClaims(payloadOf(pending.token, check), {
      issuer,
      audience,
      timeMs: now,
      isTimeCurrent: isTimeCurrent(),
      toleranceMs,
      keyId: key.kid,
    })
    if (result.kind === 'invalid') {
      if (result.isForOtherService) onOtherService(result.why)
      throw new ProblemError(result.code, result.why)
    }
    const { caller } = result
    const { iat, exp } = caller.claims
    const verified: VerifiedToken = {
      authorization: pending.authorization,
      key,
      caller,
      iat,
      exp,
      passedRule: null,
      passedRevision: 0,
      passedAtWallMs: Number.NaN,
    }
    if (now !== null) cache.set(verified, now)
    return verified
  }

  function assertCurrent(token: VerifiedToken): void {
    const now = timeMs()
    if (now === null || !isWithinLifetime(token, { timeMs: now, toleranceMs }))
      throw new ProblemError('token-expired', 'expired since the headers arrived')
    if (token.key.isWithdrawn) throw new ProblemError('token-invalid', 'its key was withdrawn')
  }

  return { verify, lookup: cache.get, assertCurrent, size: cache.size }
}

/**
 * The claims of a token whose signature is valid.
 * @throws ProblemError `token-invalid`, also when the check fails with an error of its own
 */
function payloadOf(token: string, check: CheckSignature): Record<string, unknown> {
  try {
    if (check(token) === true) return parseSegment(token.slice(token.indexOf('.') + 1, token.lastIndexOf('.')))
  } catch (error) {
    throw new ProblemError('token-invalid', describeError(error))
  }
  throw new ProblemError('token-invalid', 'the signature is not valid')
}

function describeError(error: unknown): string {
  if (error instanceof StrictJsonError) return `the payload ${error.message}`
  return error instanceof Error ? error.message : 'an unknown error'
}
