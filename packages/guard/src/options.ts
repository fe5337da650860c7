/** What a service tells its guard, with a default for all that can have one. */
import { type Clock, systemClock } from '@gatehouse/clock'
import type { Registry } from 'prom-client'
import { type JwksOptions, jwksKeys } from './keys/jwksKeys.ts'
import type { Keys } from './keys/publicKey.ts'
import { staticKeys } from './keys/staticKeys.ts'
import { defaultCacheSize, defaultToleranceMs } from './verify/verifier.ts'

/** The part of a logger that the guard uses; Fastify's fits. */
export interface GuardLog {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

export interface GuardOptions {
  /** The `iss` of the tokens, and where the auth service stands. */
  issuer: string
  /** The `aud` of the tokens that are meant for this service. */
  audience: string
  /** The auth replicas; the issuer unless given. */
  authUrls?: readonly string[]
  clientId: string
  clientSecret: string
  /** The shared public key, as PEM; several while they change. Without one, keys come from `jwksUrl`. */
  publicKey?: string | readonly string[]
  /** The issuer's `/.well-known/jwks.json` unless given. */
  jwksUrl?: string
  jwks?: Omit<JwksOptions, 'url' | 'clock'>
  /** What admins see of this process. */
  name?: string
  version?: string
  clock?: Clock
  clockToleranceMs?: number
  cacheSize?: number
  /** The most open streams. */
  maxStreams?: number
  /** How long a poll may take: the feed holds one for five seconds. */
  pollTimeoutMs?: number
  metrics?: Registry
  log?: GuardLog
  random?: () => number
}

export type ResolvedOptions = Omit<GuardOptions, 'publicKey' | 'jwksUrl' | 'jwks'> &
  Required<Pick<GuardOptions, keyof typeof defaults | 'authUrls'>> & { keys: Keys }

const defaults = {
  name: 'resource',
  version: '0',
  clock: systemClock,
  clockToleranceMs: defaultToleranceMs,
  cacheSize: defaultCacheSize,
  maxStreams: 10_000,
  pollTimeoutMs: 8000,
  log: { info() {}, warn() {}, error() {} },
  random: Math.random,
} satisfies Partial<GuardOptions>

/** @throws TypeError naming the option that is missing or wrong */
export function resolveOptions(options: GuardOptions): ResolvedOptions {
  const { publicKey, jwksUrl, jwks, ...rest } = options
  for (const name of ['issuer', 'audience', 'clientId', 'clientSecret'] as const) {
    if (typeof rest[name] !== 'string' || rest[name] === '') throw new TypeError(`guard: ${name} must be given`)
  }
  const authUrls = (rest.authUrls ?? [rest.issuer]).map(url => url.replace(/\/+$/, ''))
  if (authUrls.length === 0 || !authUrls.every(url => URL.canParse(url)))
    throw new TypeError('guard: authUrls must be a list of URLs')

  const settings = { ...defaults, ...rest, authUrls }
  const { clock, log, issuer } = settings
  const url = jwksUrl ?? `${issuer.replace(/\/+$/, '')}/.well-known/jwks.json`
  const onFailure = (error: unknown) => log.warn({ err: error, url }, 'the public keys could not be fetched')
  const pems = publicKey === undefined ? [] : [publicKey].flat()
  const keys = pems.length > 0 ? staticKeys(pems.map(pem => ({ pem }))) : jwksKeys({ onFailure, ...jwks, url, clock })
  return { ...settings, keys }
}
