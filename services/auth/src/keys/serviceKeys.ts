/** Reads every key of the service and creates the verifiers that use them. */
import type { Clock } from '@gatehouse/clock'
import { createVerifier, type Verifier } from '@gatehouse/guard'
import type { Config } from '../config.ts'
import type { PrismaClient } from '../database/database.ts'
import type { DatabaseTime } from '../database/databaseTime.ts'
import { createKeyEncryption, type KeyEncryption } from './keyEncryption.ts'
import { createKeyStore, type KeyStore } from './keyStore.ts'
import { type RefreshKeys, readRefreshKeys } from './refreshKeys.ts'
import { readSigningKeys } from './signingKeys.ts'

export interface ServiceKeys {
  keyStore: KeyStore
  /** Null without KEY_ENCRYPTION_KEYS. */
  encryption: KeyEncryption | null
  refreshKeys: RefreshKeys
  verifier: Verifier
  /** Of a configured audience, null being the default one; undefined for any other. */
  verifierFor: (audience: string | null) => Verifier | undefined
  /** For log-out, which accepts an expired access token. */
  verifierIgnoringExpiry: Verifier
  /** For revocation, which concerns the tokens of every audience. */
  verifierOfAnyAudience: Verifier
}

/** Exceeds the lifetime of any access token. */
const yearMs = 366 * 24 * 3600 * 1000

export interface ServiceKeysDeps {
  db: PrismaClient
  clock: Clock
  time: DatabaseTime
  onError: (error: unknown) => void
}

/** @throws SettingsError when a key cannot be read */
export function readServiceKeys(config: Config, { db, clock, time, onError }: ServiceKeysDeps): ServiceKeys {
  const { SIGNING_KEY, SIGNING_ALGORITHM: algorithm, KEY_ENCRYPTION_KEYS } = config
  const files = SIGNING_KEY === null ? [] : readSigningKeys(SIGNING_KEY, algorithm)
  const encryption = KEY_ENCRYPTION_KEYS === null ? null : createKeyEncryption(KEY_ENCRYPTION_KEYS)
  const keyStore = createKeyStore({ db, files, encryption, algorithm, clock, onError })
  const { keys } = keyStore
  const rules = { keys, issuer: config.ISSUER, audience: config.AUDIENCE, timeMs: time.clock.wallMs }
  const timed = (verifier: Verifier): Verifier => ({
    ...verifier,
    verify: async authorization => {
      await time.ensureRead()
      return verifier.verify(authorization)
    },
  })
  const verifier = timed(createVerifier(rules))
  const others = config.RESOURCES.map(audience => [audience, timed(createVerifier({ ...rules, audience }))] as const)
  const verifiers = new Map([...others, [config.AUDIENCE, verifier]])
  return {
    keyStore,
    encryption,
    refreshKeys: readRefreshKeys(config.REFRESH_KEYS),
    verifier,
    verifierFor: audience => verifiers.get(audience ?? config.AUDIENCE),
    verifierOfAnyAudience: {
      ...verifier,
      verify: header => (verifiers.get(audienceIn(header)) ?? verifier).verify(header),
    },
    verifierIgnoringExpiry: timed(createVerifier({ ...rules, clockToleranceMs: yearMs, cacheSize: 1 })),
  }
}

/** @returns the audience that the token claims, which is not verified yet */
function audienceIn(header: string | undefined): string {
  try {
    const [, payload = ''] = (header ?? '').split('.')
    return String(JSON.parse(Buffer.from(payload, 'base64url').toString()).aud)
  } catch {
    return ''
  }
}
