/**
 * Limits wrong secrets of service clients by address, over all replicas. Guessing 256 bits is hopeless, but each guess costs
 * a statement.
 *
 * Many guards may share an address, and a flood from there must not let their leases lapse. So a secret that was right on this
 * replica before is not limited, nor is an assertion by a key of the client as this replica last read it.
 */
import type { Clock } from '@gatehouse/clock'
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import { writeRefusedAttempt } from '../store/writeAudit.ts'
import { addressKey } from './addressKey.ts'
import { type BoundedMap, boundedMap } from './boundedMap.ts'
import { failureLimits, withFailureLimit } from './failureLimits.ts'

export interface PresentedCredentials {
  id: string
  /** Undefined for an assertion: each is another. */
  secretHash?: Buffer
  /** A known key verifies the assertion. */
  isProven?: boolean
  address: string
  requestId: string
}

export interface ClientLimits {
  /**
   * Authenticates a client under the limit. A right secret costs no further statement.
   * @param authenticate throws ProblemError `client-invalid` when the secret is wrong
   * @throws ProblemError `rate-limited`, and what `authenticate` throws
   */
  withClientLimit: <Result>(presented: PresentedCredentials, authenticate: () => Promise<Result>) => Promise<Result>
  /** The public keys of clients, as this replica last read them. */
  knownKeys: KnownKeys
}

export type KnownKeys = BoundedMap<unknown>

export interface ClientLimitOptions {
  db: Db
  rawSql: QueryRaw
  clock: Clock
  /** Wrong secrets per minute and address. */
  quota: number
}

/** A client has at most two valid secrets, so this exceeds the secrets in use by far. */
const maxKnownCredentials = 10_000

export function clientLimits({ db, rawSql, clock, quota }: ClientLimitOptions): ClientLimits {
  const limits = failureLimits({ db: rawSql, clock, policy: 'client', quota })
  const knownSecrets = boundedMap<true>(maxKnownCredentials)

  const recordLimitReached = (presented: PresentedCredentials) => {
    const attempt = {
      action: 'client.authenticate' as const,
      target: presented.id.slice(0, 100),
      outcome: 'rate-limited',
    }
    return writeRefusedAttempt(db, presented, attempt)
  }

  const withClientLimit: ClientLimits['withClientLimit'] = async (presented, authenticate) => {
    const { id, secretHash, isProven = false, address } = presented
    const secret = secretHash && `${secretHash.toString('base64')} ${id}`
    const limit = {
      limits,
      key: addressKey(address),
      isExempt: isProven || (secret !== undefined && knownSecrets.get(secret) === true),
      isCounted: isWrong,
      onLimitReached: () => recordLimitReached(presented),
    }
    try {
      const result = await withFailureLimit(limit, authenticate)
      if (secret !== undefined) knownSecrets.set(secret, true)
      return result
    } catch (error) {
      if (secret !== undefined && error instanceof ProblemError && isWrong(error.code)) knownSecrets.delete(secret)
      throw error
    }
  }
  return { withClientLimit, knownKeys: boundedMap<unknown>(maxKnownCredentials) }
}

function isWrong(outcome: ProblemCode): boolean {
  return outcome === 'client-invalid'
}
