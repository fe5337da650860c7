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

/** One key of a counter: what is counted for an account, an address or a device. */
interface CountedKey {
  counter: SharedCounter
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
  const counters = {
    accountAndAddress: counter('login-pair', perAccount),
    address: counter('login-address', perAddress),
    device: counter('login-device', perAccount),
    account: counter('login-account', ceiling, ceilingSeconds.known),
    unknownAccount: counter('login-account', ceiling, ceilingSeconds.unknown),
    slowLane: counter('login-slow', slowLane.points, slowLane.windowSeconds),
    change: counter('password-change', perAccount),
    inSessions: counter('password-total', ceiling, ceilingSeconds.known),
  }

  const admit: LoginLimits['admit'] = async ({ email, address, devices }) => {
    const network = addressKey(address)
    const accountKey = hashed(emailKey(email))
    const fromAddress: CountedKey = { counter: counters.address, key: network }
    const forAccountFromAddress: CountedKey = {
      counter: counters.accountAndAddress,
      key: hashed(`${emailKey(email)}|${network}`),
    }
    // Read before it is known whether the account exists. Both counters of accounts use the same keys.
    const forAccount: CountedKey = { counter: counters.unknownAccount, key: accountKey }
    const inSessions: CountedKey = { counter: counters.inSessions, key: accountKey }
    const fromDevices = devices.map(({ accountId, deviceId }) => ({
      accountId,
      counter: counters.device,
      key: deviceId,
    }))
    const counts = [forAccount, inSessions, forAccountFromAddress, fromAddress, ...fromDevices]
    const facts = await store.read({ email, network, quotas: counts.map(quotaOf) })
    const pointsOf = ({ counter, key }: CountedKey) => facts.points.get(counter.keyOf(key)) ?? 0
    const limitReached = (count: CountedKey) => facts.reached.find(({ key }) => key === count.counter.keyOf(count.key))
    const hasFailures = pointsOf(forAccount) > 0 || pointsOf(inSessions) > 0
    const forget = hasFailures ? () => forgetKey(accountKey) : undefined
    const permitFor = (counts: readonly CountedKey[]) => permit({ account: facts.account, counts, forget })

    // A known device has a counter of its own.
    const fromDevice = fromDevices.find(({ accountId }) => accountId === facts.account?.id)
    if (fromDevice !== undefined) {
      refuseIf(limitReached(fromDevice))
      return permitFor([fromDevice])
    }

    // Another device is limited by account, and by account and address.
    if (limitReached(forAccount)) throw knownDeviceRequired()
    refuseIf(limitReached(forAccountFromAddress))
    const failureOfAccount = facts.account === undefined ? forAccount : { ...forAccount, counter: counters.account }
    const addressLimit = limitReached(fromAddress)
    if (addressLimit === undefined) return permitFor([forAccountFromAddress, fromAddress, failureOfAccount])

    // The address has reached its limit. Neighbours of an attacker get in slowly, unless their account is under attack.
    if (!facts.isKnownNetwork) {
      const isUnderAttack = pointsOf(forAccount) >= perAccount
      const { points } = await counters.slowLane.add(network)
      if (isUnderAttack || points > slowLane.points) throw tooManyPasswords(addressLimit)
    }
    return permitFor([forAccountFromAddress, failureOfAccount])
  }

  const forgetKey = async (key: string) => {
    await Promise.all([counters.account.forget(key), counters.inSessions.forget(key)])
  }

  const reserveAttempt = sessionAttempts({ perWindow: counters.change, total: counters.inSessions })

  return {
    admit,
    reserveAttempt: ({ id, email }) => reserveAttempt({ id, account: hashed(emailKey(email)) }),
    forget: email => forgetKey(hashed(emailKey(email))),
  }
}

function permit({
  account,
  counts,
  forget,
}: {
  account: LoginAccount | undefined
  counts: readonly CountedKey[]
  forget: (() => Promise<void>) | undefined
}): LoginPermit {
  return {
    account,
    quotas: counts.map(quotaOf),
    recordFailure: async () => {
      const counted = await Promise.all(
        counts.map(async ({ counter, key }) => {
          const { points, leftMs } = await counter.add(key)
          return { max: counter.max, leftMs, beyond: points - counter.max }
        }),
      )
      refuseIf(counted.find(({ beyond }) => beyond > 0))
      return counted.some(({ beyond }) => beyond === 0)
    },
    recordSuccess: async () => forget?.(),
  }
}

function quotaOf({ counter, key }: CountedKey): Quota {
  return { key: counter.keyOf(key), max: counter.max }
}

function hashed(text: string): string {
  return sha256(text).toString('base64url')
}

function refuseIf(limit: { max: number; leftMs: number } | undefined): void {
  if (limit !== undefined) throw tooManyPasswords(limit)
}
