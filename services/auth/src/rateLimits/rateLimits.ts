/** All rate limits of the service, shared by its replicas. */
import type { Clock } from '@gatehouse/clock'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import type { LoginBatch } from '../store/loginBatch.ts'
import { type CallLimit, createAdminCallLimit } from './adminCallLimit.ts'
import { type ClientLimits, clientLimits } from './clientLimits.ts'
import { type FailureLimits, failureLimits } from './failureLimits.ts'
import { type LoginLimits, loginLimits } from './loginLimits.ts'
import { type SharedCounter, sharedCounter } from './sharedCounter.ts'

const newDevicesPerMinute = 20
const wrongCodesPerMinute = 5
/** Each costs a statement; guessing 256 bits is hopeless. A device that is not refused polls twelve times a minute. */
const unknownPollsPerMinute = 30

export interface RateLimits {
  /** Wrong passwords, at log-in and when a password is changed. */
  passwords: LoginLimits
  renewals: FailureLimits
  clients: ClientLimits
  adminCalls: CallLimit
  /** New device codes from one address. */
  devices: SharedCounter
  /** Wrong user codes of one account. */
  deviceGuesses: SharedCounter
  /** Polls with unknown device codes from one address. */
  devicePolls: FailureLimits
}

export interface RateLimitDeps {
  database: Database
  logins: Pick<LoginBatch, 'read'>
  clock: Clock
}

export function createRateLimits(config: Config, { database, logins, clock }: RateLimitDeps): RateLimits {
  const { prisma: db, rawSql } = database
  const { LOGIN_FAILURES: perAccount, ADDRESS_FAILURES: perAddress, ACCOUNT_FAILURES: ceiling } = config
  return {
    passwords: loginLimits({ db: rawSql, store: logins, perAccount, perAddress, ceiling }),
    renewals: failureLimits({ db: rawSql, clock, policy: 'renew', quota: config.RENEW_FAILURES }),
    clients: clientLimits({ db, rawSql, clock, quota: config.CLIENT_FAILURES }),
    devices: sharedCounter({ db: rawSql, keyPrefix: 'device', max: newDevicesPerMinute, windowSeconds: 60 }),
    deviceGuesses: sharedCounter({ db: rawSql, keyPrefix: 'device-code', max: wrongCodesPerMinute, windowSeconds: 60 }),
    devicePolls: failureLimits({ db: rawSql, clock, policy: 'device-poll', quota: unknownPollsPerMinute }),
    adminCalls: createAdminCallLimit({ db, rawSql, clock, quota: config.ADMIN_CALLS }),
  }
}
