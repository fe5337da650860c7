/**
 * Limits wrong secrets of service clients by address, over all replicas. Guessing 256 bits is hopeless, but each guess costs
 * a statement.
 *
 * Many guards may share an address, and a flood from there must not let their leases lapse. So a secret that was right on this
 * replica before is not limited.
 */
import type { Clock } from '@gatehouse/clock'
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import { writeRefusedAttempt } from '../store/writeAudit.ts'
import { addressKey } from './addressKey.ts'
import { failureLimits, withFailureLimit } from './failureLimits.ts'

export interface PresentedCredentials {
  id: string
  secretHash: Buffer
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
}

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
  const knownCredentials = new Set<string>()

  const remember = (credentials: string) => {
    if (knownCredentials.has(credentials)) return
    knownCredentials.add(credentials)
    const [oldest] = knownCredentials
    if (knownCredentials.size > maxKnownCredentials && oldest !== undefined) knownCredentials.delete(oldest)
  }

  const recordLimitReached = (presented: PresentedCredentials) => {
    const attempt = {
      action: 'client.authenticate' as const,
      target: presented.id.slice(0, 100),
      outcome: 'rate-limited',
    }
    return writeRefusedAttempt(db, presented, attempt)
  }

  const withClientLimit: ClientLimits['withClientLimit'] = async (presented, authenticate) => {
    const credentials = `${presented.secretHash.toString('base64')} ${presented.id}`
    const limit = {
      limits,
      key: addressKey(presented.address),
      isCounted: isWrong,
      onLimitReached: () => recordLimitReached(presented),
    }
    const result = knownCredentials.has(credentials)
      ? await authenticate().catch(error => {
          if (error instanceof ProblemError && isWrong(error.code)) knownCredentials.delete(credentials)
          throw error
        })
      : await withFailureLimit(limit, authenticate)
    remember(credentials)
    return result
  }
  return { withClientLimit }
}

function isWrong(outcome: ProblemCode): boolean {
  return outcome === 'client-invalid'
}
