/** The options of a guard and their defaults. */
import { type Clock, systemClock } from '@gatehouse/clock'
import { type JwksOptions, jwksKeys } from './keys/jwksKeys.ts'
import { type Keys, pemBlocks } from './keys/publicKey.ts'
import { staticKeys } from './keys/staticKeys.ts'
import { type CreateGuardMetrics, countNothing } from './metrics.ts'
import type { CreateSignatureCheck } from './verify/signature.ts'
import { defaultCacheSize, defaultToleranceMs } from './verify/verifier.ts'

/** The part of a logger that the guard uses. Fastify's logger has it. */
export interface GuardLog {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** The options of a guard. */
export interface GuardOptions {
  /** The `iss` claim of the tokens: the URL of the auth service. */
  issuer: string
  /** The `aud` claim of tokens for this service. */
  audience: string
  /** The URLs of the auth replicas. The default is the issuer. */
  authUrls?: readonly string[]
  /** The service client of this service; it needs the scope `guard`. */
  clientId: string
  clientSecret: string
  /**
   * The public key as PEM, or several during a key rotation. Without one, keys are fetched from
   * `jwksUrl`.
   */
  publicKey?: string | readonly string[]
  /** The URL of the JWK Set. The default is the issuer's `/.well-known/jwks.json`. */
  jwksUrl?: string
  jwks?: Omit<JwksOptions, 'url' | 'clock'>
  /** The name of this process in receipts and in the list of guards. */
  name?: string
  /** The version of your service, shown in the list of guards. */
  version?: string
  clock?: Clock
  /**
   * How long after `exp` a token is accepted, and how long before `iat` and `nbf`, in milliseconds.
   * The feed limits it: see REVOCATION_MARGIN_MS of the auth service.
   */
  clockToleranceMs?: number
  /** The maximum number of verified tokens in memory, of about 3 KB each. */
  cacheSize?: number
  /** The maximum number of open streams. */
  maxStreams?: number
  /** The maximum number of open streams of one account or service client. */
  maxStreamsPerAccount?: number
  /**
   * The timeout of a poll in milliseconds. It must exceed the time for which the feed holds a poll
   * (5 s).
   */
  pollTimeoutMs?: number
  /** Creates the counters: `prometheusMetrics` of `@gatehouse/guard-core/prometheus`, or your own. */
  metrics?: CreateGuardMetrics
  /** Creates the check of a token's signature. The default is `nodeCryptoCheck`. */
  createSignatureCheck?: CreateSignatureCheck
  /** Receives the state of the feed. The default writes warnings and errors to the console. */
  log?: GuardLog
  random?: () => number
}

export type ResolvedOptions = Omit<GuardOptions, 'publicKey' | 'jwksUrl' | 'jwks'> &
  Required<Pick<GuardOptions, keyof typeof defaults | 'authUrls'>> & { keys: Keys }

const consoleLog: GuardLog = {
  info() {},
  warn: (facts, message) => console.warn(`guard: ${message}`, facts),
  error: (facts, message) => console.error(`guard: ${message}`, facts),
}

const defaults = {
  name: 'resource',
  version: '0',
  clock: systemClock,
  clockToleranceMs: defaultToleranceMs,
  cacheSize: defaultCacheSize,
  maxStreams: 10_000,
  maxStreamsPerAccount: 100,
  pollTimeoutMs: 8000,
  log: consoleLog,
  metrics: countNothing,
  random: Math.random,
} satisfies Partial<GuardOptions>

/** @throws TypeError naming the option that is missing or not valid */
export function resolveOptions(options: GuardOptions): ResolvedOptions {
  const { publicKey, jwksUrl, jwks, ...rest } = options
  for (const name of ['issuer', 'audience', 'clientId', 'clientSecret'] as const) {
    if (typeof rest[name] !== 'string' || rest[name] === '') throw new TypeError(`guard: ${name} is required`)
  }
  const authUrls = (rest.authUrls ?? [rest.issuer]).map(url => url.replace(/\/+$/, ''))
  if (authUrls.length === 0 || !authUrls.every(url => URL.canParse(url)))
    throw new TypeError('guard: authUrls must be a list of URLs')

  const settings = { ...defaults, ...rest, authUrls }
  const { clock, log, issuer } = settings
  const url = jwksUrl ?? `${issuer.replace(/\/+$/, '')}/.well-known/jwks.json`
  const onFailure = (error: unknown) => log.warn({ err: error, url }, 'fetching the public keys failed')
  const pems = publicKey === undefined ? [] : [publicKey].flat().flatMap(pemBlocks)
  const keys = pems.length > 0 ? staticKeys(pems.map(pem => ({ pem }))) : jwksKeys({ onFailure, ...jwks, url, clock })
  return { ...settings, keys }
}
