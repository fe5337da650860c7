/** Authenticates a client by a JWT that it signs with its own key: `private_key_jwt` (RFC 7523 section 3). */
import { createPublicKey, type KeyLike, verify } from 'node:crypto'
import { ProblemError, parseStrictJson } from '@gatehouse/contract'
import { keysFromJwks } from '@gatehouse/guard'
import type { Db } from '../database/database.ts'
import { sha256 } from '../keys/hmac.ts'
import { digests } from '../keys/signJwt.ts'
import type { KnownKeys } from '../rateLimits/clientLimits.ts'
import { claimCreation } from '../store/creations.ts'
import { type AuthenticatedClient, readClientKeys, recordClientUse } from '../store/serviceClients.ts'

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The longest time from now to `exp`: within it the `jti` is remembered. */
const maxLifetimeSeconds = 300
const toleranceSeconds = 5
/** Longer than an assertion can be accepted, also when a statement is slow. */
const rememberedSeconds = 2 * maxLifetimeSeconds
const maxLength = 4096

interface Assertion {
  header: Record<string, unknown>
  claims: Record<string, unknown>
  input: Buffer
  signature: Buffer
}

export interface AssertionDeps {
  db: Db
  issuer: string
  knownKeys: KnownKeys
}

/** @returns the client that the assertion names, before anything is verified; undefined when it is malformed */
export function clientNamedBy(assertion: string): string | undefined {
  const sub = parse(assertion)?.claims['sub']
  return typeof sub === 'string' && /^[\w.-]{1,100}$/.test(sub) ? sub : undefined
}

/** Whether one of the at most five keys verifies the signature; reads memory only. */
export function isSignedBy(assertion: string, jwks: unknown): boolean {
  const parsed = jwks === undefined ? undefined : parse(assertion)
  return parsed !== undefined && hasValidSignature(parsed, jwks)
}

/**
 * Verifies the assertion and remembers its `jti`, in this order, so that only a client's own assertions are stored.
 * @throws ProblemError `client-invalid`
 */
export async function authenticateByAssertion(
  { db, issuer, knownKeys }: AssertionDeps,
  assertion: string,
): Promise<AuthenticatedClient> {
  const [parsed, id] = [parse(assertion), clientNamedBy(assertion)]
  if (parsed === undefined || id === undefined) throw invalid('a malformed assertion')
  const found = await readClientKeys(db, id)
  if (found === undefined) {
    knownKeys.delete(id)
    throw invalid('no client with keys')
  }
  const { jwks, ...client } = found
  knownKeys.set(id, jwks)
  if (!hasValidSignature(parsed, jwks)) throw invalid('a wrong signature, key or algorithm')
  const jti = assertClaims(parsed.claims, { id, issuer, nowSeconds: client.dbNowMs / 1000 })
  const keyHash = sha256(`assertion|${id}|${jti}`)
  const earlier = await claimCreation(db, {
    keyHash,
    requestHash: keyHash,
    target: client.sessionId,
    rememberedSeconds,
  })
  if (earlier !== undefined) throw invalid('a replayed assertion')
  await recordClientUse(db, id)
  return client
}

function parse(assertion: string): Assertion | undefined {
  const parts = assertion.split('.')
  const [header = '', payload = '', signature = ''] = parts
  if (parts.length !== 3 || assertion.length > maxLength || !/^[\w.-]+$/.test(assertion)) return undefined
  try {
    const [head, claims] = [header, payload].map(part => parseStrictJson(Buffer.from(part, 'base64url').toString(), 5))
    if (!isObject(head) || !isObject(claims)) return undefined
    const input = Buffer.from(`${header}.${payload}`, 'latin1')
    return { header: head, claims, input, signature: Buffer.from(signature, 'base64url') }
  } catch {
    return undefined
  }
}

/** The key decides the algorithm (RFC 8725 section 3.1). Without `kid`, every key of the client is tried. */
function hasValidSignature({ header, input, signature }: Assertion, jwks: unknown): boolean {
  const { alg, kid, crit } = header
  if (crit !== undefined) return false
  const keys = keysFromJwks(jwks, 5).filter(key => key.algorithm === alg && (kid === undefined || key.kid === kid))
  return keys.some(({ algorithm, pem }) => {
    const key: KeyLike = createPublicKey(pem)
    return verify(digests[algorithm], input, { key, dsaEncoding: 'ieee-p1363' }, signature)
  })
}

/** @returns the `jti` */
function assertClaims(
  { iss, sub, aud, exp, nbf, iat, jti }: Record<string, unknown>,
  { id, issuer, nowSeconds }: { id: string; issuer: string; nowSeconds: number },
): string {
  // Beside another audience, the server that it names could present the assertion here.
  const [audience, ...others] = [aud].flat()
  if (iss !== id || sub !== id) throw invalid('iss and sub are not the client')
  if (others.length > 0 || (audience !== issuer && audience !== `${issuer}/oauth/token`))
    throw invalid('an assertion for another audience')
  if (typeof exp !== 'number' || exp + toleranceSeconds <= nowSeconds) throw invalid('an expired assertion')
  if (exp > nowSeconds + maxLifetimeSeconds + toleranceSeconds) throw invalid('an assertion that lasts too long')
  for (const time of [nbf, iat])
    if (time !== undefined && (typeof time !== 'number' || time > nowSeconds + toleranceSeconds))
      throw invalid('an assertion from the future')
  if (typeof jti !== 'string' || jti === '' || jti.length > 200) throw invalid('an assertion without jti')
  return jti
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(why: string): ProblemError {
  return new ProblemError('client-invalid', why)
}
