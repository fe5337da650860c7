/**
 * Bounds wrong secrets of service clients, over all replicas, by the address that they come from: nobody guesses 256 bits,
 * but each guess costs a statement.
 *
 * Many guards may share an address, and a flood from there must not let their leases lapse. So a secret that was right here
 * before is let through whatever came from its address since.
 */
import type { Clock } from '@gatehouse/clock'
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import type pg from 'pg'
import type { Db } from '../database/database.ts'
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
   * Runs what authenticates a client. A secret that is right costs no statement more.
   * @param authenticate throws Refusal `client-invalid` when the secret is wrong
   * @throws Refusal `rate-limited`, and whatever `authenticate` throws
   */
  withClientLimit: <Result>(presented: PresentedCredentials, authenticate: () => Promise<Result>) => Promise<Result>
}

export interface ClientLimitOptions {
  db: Db
  pool: pg.Pool
  clock: Clock
  /** Wrong secrets in a minute. */
  quota: number
}

/** A client has one secret, or two for a while: more than these stand for none that is in use. */
const maxKnownCredentials = 10_000

export function clientLimits({ db, pool, clock, quota }: ClientLimitOptions): ClientLimits {
  const limits = failureLimits({ pool, clock, policy: 'client', quota })
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
    return writeRefusedAttempt(db, attempt, presented)
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
