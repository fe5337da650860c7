/** Reads every key of the service and creates the verifiers that use them. */
import { createVerifier, staticKeys, type Verifier } from '@gatehouse/guard'
import type { Config } from '../config.ts'
import type { DatabaseTime } from '../database/databaseTime.ts'
import { type RefreshKeys, readRefreshKeys } from './refreshKeys.ts'
import { readSigningKeys, type SigningKeys } from './signingKeys.ts'

export interface Keyring {
  signingKeys: SigningKeys
  refreshKeys: RefreshKeys
  verifier: Verifier
  /** For log-out, which accepts an expired access token. */
  verifierIgnoringExpiry: Verifier
}

/** Exceeds the lifetime of any access token. */
const yearMs = 366 * 24 * 3600 * 1000

/** @throws SettingsError when a key cannot be read */
export function readKeys(config: Config, time: DatabaseTime): Keyring {
  const signingKeys = readSigningKeys(config.SIGNING_KEY, config.SIGNING_ALGORITHM)
  const keys = staticKeys(signingKeys.all.map(({ kid, algorithm, publicPem }) => ({ kid, algorithm, pem: publicPem })))
  const rules = { keys, issuer: config.ISSUER, audience: config.AUDIENCE, timeMs: time.clock.wallMs }
  const timed = (verifier: Verifier): Verifier => ({
    ...verifier,
    verify: async authorization => {
      await time.ensureRead()
      return verifier.verify(authorization)
    },
  })
  return {
    signingKeys,
    refreshKeys: readRefreshKeys(config.REFRESH_KEYS),
    verifier: timed(createVerifier(rules)),
    verifierIgnoringExpiry: timed(createVerifier({ ...rules, clockToleranceMs: yearMs, cacheSize: 1 })),
  }
}
