/** The configuration of the auth service, read from the environment. */
import { type Environment, readSettings, SettingsError, settingsFaults, type Values } from '@gatehouse/settings'
import { sharedSettings } from '@gatehouse/settings/shared-settings'
import { parseDatabaseUrl } from './database/databaseUrl.ts'
import { databaseSettings } from './settings/database.ts'
import { passwordSettings } from './settings/passwords.ts'
import { rateLimitSettings } from './settings/rateLimits.ts'
import { revocationSettings } from './settings/revocation.ts'
import { serverSettings } from './settings/server.ts'
import { sessionSettings } from './settings/sessions.ts'
import { tokenSettings } from './settings/tokens.ts'

export const settings = {
  ...serverSettings,
  ...databaseSettings,
  ...tokenSettings,
  ...sessionSettings,
  ...revocationSettings,
  ...passwordSettings,
  ...rateLimitSettings,
  ...sharedSettings,
}

export type Config = Values<typeof settings>

/**
 * Reads and cross-checks the configuration.
 * @throws SettingsError with the name of the variable, the expected value and the reason
 */
export function readConfig(environment: Environment): Config {
  const config = readWithKeys(environment)
  const { isPooled } = parseDatabaseUrl(config.DATABASE_URL)
  const isDirectPooled = config.DATABASE_DIRECT_URL !== null && parseDatabaseUrl(config.DATABASE_DIRECT_URL).isPooled
  assertSetting(
    !isDirectPooled,
    'DATABASE_DIRECT_URL must not have pgbouncer=true: a pooler accepts LISTEN and passes no notifications on.',
  )
  assertSetting(
    !isPooled || config.WAKE === 'poll' || config.DATABASE_DIRECT_URL !== null,
    'DATABASE_DIRECT_URL must be set when DATABASE_URL has pgbouncer=true, or WAKE must be poll: a pooler does not pass notifications on.',
  )
  // A variable of spaces, or an empty file, sets nothing.
  assertSetting(config.SIGNING_KEY !== null || config.KEY_ENCRYPTION_KEYS !== null, keysMissing)
  assertSetting(
    config.RETRY_WINDOW_MS === 0 || config.RETRY_WINDOW_MS > config.DATABASE_TIMEOUT_MS + 1000,
    'RETRY_WINDOW_MS must exceed DATABASE_TIMEOUT_MS by more than a second, or a renewal whose answer is lost in the database cannot be retried.',
  )
  assertSetting(
    config.LEASE_MS > 2 * config.POLL_HOLD_MS,
    'LEASE_MS must exceed twice POLL_HOLD_MS, or a healthy guard could lapse.',
  )
  assertSetting(
    config.LEASE_MARGIN_MS * 100 >= config.LEASE_MS,
    'LEASE_MARGIN_MS must be at least one per cent of LEASE_MS, or clocks of different rates could break the revocation guarantee.',
  )
  assertSetting(
    config.REVOCATION_MARGIN_MS >= 2 * config.DATABASE_TIMEOUT_MS,
    'REVOCATION_MARGIN_MS must be at least twice DATABASE_TIMEOUT_MS, or a token issued by a slow transaction could outlive its revocation.',
  )
  assertSetting(
    config.SESSION_IDLE_SECONDS <= config.SESSION_SECONDS,
    'SESSION_IDLE_SECONDS must not exceed SESSION_SECONDS.',
  )
  assertSetting(
    config.SHORT_SESSION_IDLE_SECONDS <= config.SHORT_SESSION_SECONDS,
    'SHORT_SESSION_IDLE_SECONDS must not exceed SHORT_SESSION_SECONDS.',
  )
  assertSetting(
    !config.COOKIE_NAME.startsWith('__Host-') || config.COOKIE_PATH === '/',
    'COOKIE_PATH must be / when COOKIE_NAME begins with __Host-.',
  )
  return config
}

/** The missing keys are listed with the other missing variables. */
function readWithKeys(environment: Environment): Config {
  const isSet = ['SIGNING_KEY', 'KEY_ENCRYPTION_KEYS'].some(name => environment[name] || environment[`${name}_FILE`])
  if (isSet) return readSettings(settings, environment)
  throw new SettingsError([...settingsFaults(settings, environment), keysMissing].join('\n'))
}

const keysMissing = 'SIGNING_KEY and KEY_ENCRYPTION_KEYS are both not set: give one of them, or no token can be signed.'

function assertSetting(condition: boolean, sentence: string): void {
  if (!condition) throw new SettingsError(sentence)
}

/** The lifetimes of sessions, in seconds. */
export function lifetimesOf(config: Config) {
  return {
    session: config.SESSION_SECONDS,
    idle: config.SESSION_IDLE_SECONDS,
    shortSession: config.SHORT_SESSION_SECONDS,
    shortIdle: config.SHORT_SESSION_IDLE_SECONDS,
  }
}

/** The rules of the lease, and the number of guards per service client. */
export function feedLimitsOf(config: Config) {
  return {
    leaseMs: config.LEASE_MS,
    marginMs: config.LEASE_MARGIN_MS,
    pageSize: 2000,
    guardsPerClient: 1000,
    // The margin also covers slow transactions; the rest is left for guards that accept tokens after their expiry.
    maxToleranceMs: config.REVOCATION_MARGIN_MS - 2 * config.DATABASE_TIMEOUT_MS,
  }
}

/** A revocation is kept until every token that it can cover has expired, in milliseconds. */
export function retentionMsOf(config: Pick<Config, 'ACCESS_TOKEN_SECONDS' | 'REVOCATION_MARGIN_MS'>): number {
  return config.ACCESS_TOKEN_SECONDS * 1000 + config.REVOCATION_MARGIN_MS
}

/** What housekeeping deletes, and how many rows at a time. */
export function sweepRulesOf(config: Config) {
  return {
    limit: 2000,
    historyDays: config.SESSION_HISTORY_DAYS,
    auditRetentionDays: config.AUDIT_RETENTION_DAYS,
  }
}
