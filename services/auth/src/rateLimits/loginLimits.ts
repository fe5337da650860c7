/** Limits wrong passwords: by account and address, by address, by account, by known device, and within sessions. */
import type { QueryRaw } from '../database/rawSql.ts'
import { sha256 } from '../keys/hmac.ts'
import { emailKey } from '../store/accounts.ts'
import type { LoginBatch } from '../store/loginBatch.ts'
import type { LoginAccount, Quota } from '../store/readLogin.ts'
import { addressKey } from './addressKey.ts'
import { type ReservedAttempt, sessionAttempts } from './sessionAttempts.ts'
import { type SharedCounter, sharedCounter } from './sharedCounter.ts'
import { knownDeviceRequired, passwordWindowSeconds, tooManyPasswords } from './tooManyFailures.ts'

export interface LoginAttempt {
  email: string
  address: string
  /** Accounts that the client proves to have logged in to before. */
  devices: readonly { accountId: string; deviceId: string }[]
}

/** The permission to verify one password. */
export interface LoginPermit {
  account: LoginAccount | undefined
  /** The limits that must not be reached when the session starts. */
  quotas: readonly Quota[]
  /**
   * Counts a failure before it is answered: of concurrent guesses only as many are answered as the limits allow.
   * @returns whether this failure reached a limit
   * @throws ProblemError `rate-limited` when a limit was reached before
   */
  recordFailure: () => Promise<boolean>
  /** Forgets the failures of the account (NIST SP 800-63B-4 section 3.2.2). */
  recordSuccess: () => Promise<void>
}

export interface LoginLimits {
  /**
   * Reads the account and its counters in one statement.
   * @throws ProblemError `rate-limited`, `known-device-required`; both whether the account exists or not
   */
  admit: (attempt: LoginAttempt) => Promise<LoginPermit>
  /**
   * Counts an attempt of an authenticated user before its password is verified.
   * @throws ProblemError `rate-limited`; `known-device-required` at the ceiling, until a log-in succeeds
   */
  reserveAttempt: (account: { id: string; email: string }) => Promise<ReservedAttempt>
  /** Forgets the failures of an account that gets a reset code. */
  forget: (email: string) => Promise<void>
}

export interface LoginLimitOptions {
  db: QueryRaw
  store: Pick<LoginBatch, 'read'>
  /** Wrong passwords for one account from one address, or from one known device, per 15 minutes. */
  perAccount: number
  /** Wrong passwords from one address for any account, per 15 minutes. */
  perAddress: number
  /** Wrong passwords for one account from all unknown devices, and as many within its sessions, until a log-in succeeds. */
  ceiling: number
}

interface Counter {
  limiter: SharedCounter
  key: string
}

/** For an account; a row for an e-mail address without an account is kept for a day. */
const ceilingSeconds = { known: 30 * 24 * 3600, unknown: 24 * 3600 }
/** Attempts per minute from an address beyond its limit, for accounts that are not under attack. */
const slowLane = { points: 6, windowSeconds: 60 }

/** Failures never block an account for its known devices: an attacker cannot lock its owner out of them. */
export function loginLimits(options: LoginLimitOptions): LoginLimits {
  const { db, store, perAccount, perAddress, ceiling } = options
  const counter = (keyPrefix: string, max: number, seconds = passwordWindowSeconds) =>
    sharedCounter({ db, keyPrefix, max, windowSeconds: seconds })
  const limiters = {
    pair: counter('login-pair', perAccount),
    address: counter('login-address', perAddress),
    device: counter('login-device', perAccount),
    known: counter('login-account', ceiling, ceilingSeconds.known),
    unknown: counter('login-account', ceiling, ceilingSeconds.unknown),
    slow: counter('login-slow', slowLane.points, slowLane.windowSeconds),
    change: counter('password-change', perAccount),
    inSessions: counter('password-total', ceiling, ceilingSeconds.known),
  }

  const admit: LoginLimits['admit'] = async ({ email, address, devices }) => {
    const network = addressKey(address)
    const account = hashed(emailKey(email))
    const pair: Counter = { limiter: limiters.pair, key: hashed(`${emailKey(email)}|${network}`) }
    const single: Counter = { limiter: limiters.address, key: network }
    const total: Counter = { limiter: limiters.unknown, key: account }
    const inSessions: Counter = { limiter: limiters.inSessions, key: account }
    const known = devices.map(({ accountId, deviceId }) => ({ accountId, limiter: limiters.device, key: deviceId }))
    const read = [total, inSessions, pair, single, ...known]
    const facts = await store.read({ email, network, quotas: read.map(quotaOf) })
    const isReached = (item: Counter) => facts.reached.find(({ key }) => key === item.limiter.keyOf(item.key))
    const permitFor = (counters: readonly Counter[]) =>
      permit({
        account: facts.account,
        counters,
        forget: [total, inSessions].some(({ limiter, key }) => facts.points.get(limiter.keyOf(key)))
          ? () => forgetKey(account)
          : undefined,
      })

    const device = known.find(({ accountId }) => accountId === facts.account?.id)
    if (device !== undefined) {
      refuseIf(isReached(device))
      return permitFor([device])
    }
    const all = { ...total, limiter: facts.account === undefined ? limiters.unknown : limiters.known }
    if (isReached(total)) throw knownDeviceRequired()
    refuseIf(isReached(pair))
    const addressLimit = isReached(single)
    if (addressLimit === undefined) return permitFor([pair, single, all])
    if (!facts.isKnownNetwork) {
      const isUnderAttack = (facts.points.get(total.limiter.keyOf(account)) ?? 0) >= perAccount
      const { points } = await limiters.slow.add(network)
      if (isUnderAttack || points > slowLane.points) throw tooManyPasswords(addressLimit)
    }
    return permitFor([pair, all])
  }

  const forgetKey = async (key: string) => {
    await Promise.all([limiters.known.forget(key), limiters.inSessions.forget(key)])
  }

  const reserveAttempt = sessionAttempts({ perWindow: limiters.change, total: limiters.inSessions })

  return {
    admit,
    reserveAttempt: ({ id, email }) => reserveAttempt({ id, account: hashed(emailKey(email)) }),
    forget: email => forgetKey(hashed(emailKey(email))),
  }
}

function permit({
  account,
  counters,
  forget,
}: {
  account: LoginAccount | undefined
  counters: readonly Counter[]
  forget: (() => Promise<void>) | undefined
}): LoginPermit {
  return {
    account,
    quotas: counters.map(quotaOf),
    recordFailure: async () => {
      const counted = await Promise.all(
        counters.map(async ({ limiter, key }) => {
          const { points, leftMs } = await limiter.add(key)
          return { max: limiter.max, leftMs, beyond: points - limiter.max }
        }),
      )
      refuseIf(counted.find(({ beyond }) => beyond > 0))
      return counted.some(({ beyond }) => beyond === 0)
    },
    recordSuccess: async () => forget?.(),
  }
}

function quotaOf({ limiter, key }: Counter): Quota {
  return { key: limiter.keyOf(key), max: limiter.max }
}

function hashed(text: string): string {
  return sha256(text).toString('base64url')
}

function refuseIf(limit: { max: number; leftMs: number } | undefined): void {
  if (limit !== undefined) throw tooManyPasswords(limit)
}
