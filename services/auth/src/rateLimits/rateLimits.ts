/** What bounds each kind of try, over all replicas. */
import type { Clock } from '@gatehouse/clock'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import type { LoginStore } from '../store/loginBatch.ts'
import { type CallLimit, callLimit } from './adminCallLimit.ts'
import { type ClientLimits, clientLimits } from './clientLimits.ts'
import { type FailureLimits, failureLimits } from './failureLimits.ts'
import { type LoginLimits, loginLimits } from './loginLimits.ts'

export interface Throttles {
  /** Wrong passwords, at log-in and where one is changed. */
  passwords: LoginLimits
  renewals: FailureLimits
  clients: ClientLimits
  adminCalls: CallLimit
}

export interface ThrottleRooms {
  database: Database
  logins: Pick<LoginStore, 'read'>
  clock: Clock
}

export function throttles(config: Config, { database, logins, clock }: ThrottleRooms): Throttles {
  const { prisma: db, pool } = database
  const { LOGIN_FAILURES: perAccount, ADDRESS_FAILURES: perAddress } = config
  return {
    passwords: loginLimits({ pool, store: logins, perAccount, perAddress }),
    renewals: failureLimits({ pool, clock, policy: 'renew', quota: config.RENEW_FAILURES }),
    clients: clientLimits({ db, pool, clock, quota: config.CLIENT_FAILURES }),
    adminCalls: callLimit({ db, pool, quota: config.ADMIN_CALLS }),
  }
}
