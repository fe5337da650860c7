/** All rate limits of the service, shared by its replicas. */
import type { Clock } from '@gatehouse/clock'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import type { LoginBatch } from '../store/loginBatch.ts'
import { type CallLimit, createAdminCallLimit } from './adminCallLimit.ts'
import { type ClientLimits, clientLimits } from './clientLimits.ts'
import { type FailureLimits, failureLimits } from './failureLimits.ts'
import { type LoginLimits, loginLimits } from './loginLimits.ts'

export interface RateLimits {
  /** Wrong passwords, at log-in and when a password is changed. */
  passwords: LoginLimits
  renewals: FailureLimits
  clients: ClientLimits
  adminCalls: CallLimit
}

export interface RateLimitDeps {
  database: Database
  logins: Pick<LoginBatch, 'read'>
  clock: Clock
}

export function createRateLimits(config: Config, { database, logins, clock }: RateLimitDeps): RateLimits {
  const { prisma: db, pool } = database
  const { LOGIN_FAILURES: perAccount, ADDRESS_FAILURES: perAddress, ACCOUNT_FAILURES: ceiling } = config
  return {
    passwords: loginLimits({ pool, store: logins, perAccount, perAddress, ceiling }),
    renewals: failureLimits({ pool, clock, policy: 'renew', quota: config.RENEW_FAILURES }),
    clients: clientLimits({ db, pool, clock, quota: config.CLIENT_FAILURES }),
    adminCalls: createAdminCallLimit({ db, pool, quota: config.ADMIN_CALLS }),
  }
}
