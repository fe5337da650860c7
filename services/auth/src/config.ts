/** The auth service's configuration: the only place that reads its environment. */
import { type Algorithm, algorithms } from '@gatehouse/contract'
import {
  type Environment,
  flag,
  integer,
  list,
  oneOf,
  optional,
  origin,
  readSettings,
  SettingsError,
  text,
  url,
  type Values,
} from '@gatehouse/settings'
import { sharedSettings } from '@gatehouse/settings/shared-settings'

const hour = 3600
const day = 24 * hour

export const settings = {
  HOST: text({
    about: 'Address to listen on',
    fallback: '127.0.0.1',
    why: 'Nobody outside reaches it by accident; a container says 0.0.0.0.',
  }),
  PORT: integer({
    about: 'Port to listen on; 0 takes a free one',
    fallback: '3000',
    min: 0,
    max: 65535,
    why: 'The port that the examples use.',
  }),
  ISSUER: url({
    about: 'The public URL of this service: `iss` of every token, and where its metadata stands',
    why: 'Every verifier compares it, so it cannot be guessed.',
  }),
  AUDIENCE: text({
    about: '`aud` of every access token: the name of the resource services',
    fallback: 'gatehouse',
    pattern: /^[\x21-\x7e]{1,200}$/,
    wants: 'printable and without spaces',
    why: 'One audience serves services that trust each other.',
  }),
  DATABASE_URL: text({
    about: 'PostgreSQL, as a URL',
    isSecret: true,
    pattern: /^postgres(ql)?:\/\//,
    wants: 'a postgresql:// URL',
    why: 'Accounts, sessions and revocations are kept there and nowhere else.',
  }),
  DATABASE_POOL: integer({
    about: 'Connections to the database',
    fallback: '16',
    min: 2,
    max: 500,
    why: 'A renewal holds one for well under a millisecond.',
  }),
  DATABASE_TIMEOUT_MS: integer({
    about: 'The longest that a statement, or the wait for a connection, may take',
    fallback: '5000',
    min: 100,
    max: 20000,
    why: 'Beyond it the answer is 503, and REVOCATION_MARGIN_MS counts on it.',
  }),
  SIGNING_KEY: text({
    about: 'PEM: the private key that signs access tokens; further keys in it are only published',
    isSecret: true,
    wants: 'one or more PEM keys',
    why: 'There is no default for a secret.',
  }),
  SIGNING_ALGORITHM: oneOf<Algorithm>({
    about: 'Must fit the signing key',
    fallback: 'ES256',
    choices: algorithms,
    why: 'The smallest signature that every library verifies.',
  }),
  REFRESH_KEYS: text({
    about: 'Ring of keys under refresh tokens, as `id:64 hex digits`, the active one first, with commas between them',
    isSecret: true,
    pattern: /^\s*\d{1,3}:[0-9a-f]{64}(\s*,\s*\d{1,3}:[0-9a-f]{64})*\s*$/,
    wants: '"id:64 hex digits", id from 0 to 255, or several with commas between them',
    why: 'There is no default for a secret.',
  }),
  ACCESS_TOKEN_SECONDS: integer({
    about: 'Lifetime of an access token',
    fallback: '300',
    min: 1,
    max: hour,
    why: 'Revocation does not wait for it; it bounds what guards must remember.',
  }),
  SESSION_SECONDS: integer({
    about: 'Longest life of a remembered session',
    fallback: String(90 * day),
    min: 1,
    max: 400 * day,
    why: 'After that the password is asked again.',
  }),
  SESSION_IDLE_SECONDS: integer({
    about: 'A remembered session ends when it is not renewed for so long',
    fallback: String(30 * day),
    min: 1,
    max: 400 * day,
    why: 'A forgotten device drops out.',
  }),
  SHORT_SESSION_SECONDS: integer({
    about: 'Longest life of a session with `remember: false`',
    fallback: String(12 * hour),
    min: 1,
    max: 30 * day,
    why: 'A working day.',
  }),
  SHORT_SESSION_IDLE_SECONDS: integer({
    about: 'The same, when it is not renewed',
    fallback: String(2 * hour),
    min: 1,
    max: 30 * day,
    why: 'A shared computer that was left.',
  }),
  RETRY_WINDOW_MS: integer({
    about: 'How long after its first use the previous refresh token still gets the same successor',
    fallback: '30000',
    min: 0,
    max: 300000,
    why: 'A lost response is retried within it; a thief has no more than it.',
  }),
  LEASE_MS: integer({
    about: 'How long a guard may decide from memory after a poll',
    fallback: '15000',
    min: 200,
    max: 300000,
    why: 'Auth may be away for about ten seconds without a client noticing, and a dead guard delays a revocation no longer.',
  }),
  LEASE_MARGIN_MS: integer({
    about: 'How much longer the database counts a lease',
    fallback: '2000',
    min: 50,
    max: 60000,
    why: 'Clocks of different rates: one per cent is inside.',
  }),
  POLL_HOLD_MS: integer({
    about: 'How long a poll is held when there is nothing to say',
    fallback: '5000',
    min: 50,
    max: 6000,
    why: 'Idle guards cost a request in five seconds each, and give a poll up after eight.',
  }),
  REVOCATION_MARGIN_MS: integer({
    about: 'How much longer than any token a revocation is remembered',
    fallback: '60000',
    min: 1000,
    max: 600000,
    why: 'Longer than any transaction, and than clocks may differ.',
  }),
  COOKIE_PATH: text({
    about: 'Path of the refresh cookie as the browser sees it',
    fallback: '/session',
    pattern: /^\/[\w\-./]*$/,
    wants: 'a path',
    why: 'It covers renew and log-out and nothing else; behind a prefix, put the prefix before it.',
  }),
  COOKIE_NAME: text({
    about: 'Name of the refresh cookie',
    fallback: '__Secure-gatehouse',
    pattern: /^__(Secure|Host)-[\w-]{1,60}$/,
    wants: 'a name that begins with __Secure- or __Host-',
    why: 'Browsers then insist that it is Secure.',
  }),
  ALLOWED_ORIGINS: list(
    origin({
      about: 'Origins of web pages on other hosts that may call with cookies',
      fallback: '',
      why: 'CORS stays off unless somebody says who.',
    }),
  ),
  PASSWORD_THREADS: integer({
    about: 'Passwords hashed at a time',
    fallback: '2',
    min: 1,
    max: 64,
    why: 'One for each core; while renewals come in, one core is left to them.',
  }),
  PASSWORD_QUEUE: integer({
    about: 'Log-ins that may wait for a thread',
    fallback: '64',
    min: 0,
    max: 10000,
    why: 'Beyond it the answer is 503 at once rather than a time-out later.',
  }),
  LOGIN_FAILURES: integer({
    about: 'Wrong passwords for one account from one address in 15 minutes',
    fallback: '10',
    min: 1,
    max: 100000,
    why: 'Guessing stops; nobody else is locked out.',
  }),
  ADDRESS_FAILURES: integer({
    about: 'Wrong passwords from one address in 15 minutes',
    fallback: '100',
    min: 1,
    max: 1000000,
    why: 'Trying many accounts stops; an office behind one address goes on.',
  }),
  ADMIN_CALLS: integer({
    about: 'Admin calls of one person or machine in a minute',
    fallback: '600',
    min: 1,
    max: 1000000,
    why: 'A script that runs wild is told to slow down before the database is.',
  }),
  RENEW_FAILURES: integer({
    about: 'Refused renewals of one session, or with invented tokens from one address, in a minute',
    fallback: '30',
    min: 1,
    max: 1000000,
    why: 'A client in a loop stops costing the database anything; renewals that succeed are never counted.',
  }),
  CLIENT_FAILURES: integer({
    about: 'Wrong secrets of service clients from one address, in a minute',
    fallback: '30',
    min: 1,
    max: 1000000,
    why: 'A flood of guesses stops costing the database anything; secrets that were right before are let through.',
  }),
  HOUSEKEEPING_SECONDS: integer({
    about: 'How often what has served its time is removed',
    fallback: '60',
    min: 1,
    max: day,
    why: 'Small batches often; with several replicas each finds less to do.',
  }),
  SESSION_HISTORY_DAYS: integer({
    about: 'How long a session is kept after it ended or expired',
    fallback: '7',
    min: 1,
    max: 3650,
    why: 'Whoever comes back after a holiday is told that the session has expired rather than that it ended.',
  }),
  AUDIT_RETENTION_DAYS: integer({
    about: 'How long the audit log is kept',
    fallback: '400',
    min: 1,
    max: 36500,
    why: 'A year and a month: one year can be compared with the last.',
  }),
  LOG_LEVEL: oneOf({
    about: 'What is logged',
    fallback: 'info',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
    why: 'Starts, stops and trouble.',
  }),
  LOG_REQUESTS: flag({
    about: 'Log a line for each request',
    fallback: 'false',
    why: 'The gateway usually has them, and they cost a third of the speed.',
  }),
  DOCS: flag({ about: 'Serve the page at /docs', fallback: 'true', why: 'The document it shows is public anyway.' }),
  NAME: optional(
    text({
      about: 'What this replica is called in logs',
      pattern: /^[\w.-]{1,100}$/,
      wants: 'letters, digits, dots and dashes',
      why: 'The host name is taken when it is not set.',
    }),
  ),
  ...sharedSettings,
}

export type Config = Values<typeof settings>

/**
 * Reads and cross-checks the configuration.
 * @throws SettingsError naming the variable, what it wants and why
 */
export function readConfig(environment: Environment): Config {
  const config = readSettings(settings, environment)
  assertSetting(
    URL.canParse(config.DATABASE_URL),
    'DATABASE_URL cannot be read as a URL: special characters in its password must be percent-encoded.',
  )
  assertSetting(
    config.LEASE_MS > 2 * config.POLL_HOLD_MS,
    'LEASE_MS must exceed twice POLL_HOLD_MS, or a healthy guard could lapse.',
  )
  assertSetting(
    config.LEASE_MARGIN_MS * 100 >= config.LEASE_MS,
    'LEASE_MARGIN_MS must be at least one per cent of LEASE_MS, or clocks of different rates could break the promise.',
  )
  assertSetting(
    config.REVOCATION_MARGIN_MS >= 2 * config.DATABASE_TIMEOUT_MS,
    'REVOCATION_MARGIN_MS must be at least twice DATABASE_TIMEOUT_MS, or a token made by a slow transaction could outlive its revocation.',
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

/** The rules of the lease, and what a service client may hold. */
export function feedLimitsOf(config: Config) {
  return {
    leaseMs: config.LEASE_MS,
    marginMs: config.LEASE_MARGIN_MS,
    pageSize: 2000,
    guardsPerClient: 1000,
  }
}

/** What housekeeping removes, and how much at a time. */
export function sweepRulesOf(config: Config) {
  return {
    limit: 2000,
    historyDays: config.SESSION_HISTORY_DAYS,
    auditRetentionDays: config.AUDIT_RETENTION_DAYS,
  }
}
