/** The configuration of the auth service, read from the environment. */
import { type Algorithm, algorithms } from '@gatehouse/contract'
import {
  databaseUrl,
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
import { parseDatabaseUrl } from './database/databaseUrl.ts'

const hour = 3600
const day = 24 * hour

export const settings = {
  HOST: text({
    about: 'Address to listen on',
    fallback: '127.0.0.1',
    why: 'Not reachable from other hosts by accident; a container sets 0.0.0.0.',
  }),
  PORT: integer({
    about: 'Port to listen on; 0 selects a free port',
    fallback: '3000',
    min: 0,
    max: 65535,
    why: 'The port in the examples.',
  }),
  ISSUER: url({
    about: 'Public URL of this service: `iss` of every token and base of its metadata',
    why: 'Every verifier compares it, so it has no default.',
  }),
  AUDIENCE: text({
    about: '`aud` of every access token: the name of the resource services',
    fallback: 'gatehouse',
    pattern: /^[\x21-\x7e]{1,200}$/,
    wants: 'printable and without spaces',
    why: 'Services that trust each other share one audience.',
  }),
  RESOURCES: list(
    text({
      about: 'Further audiences that a client can ask for with `resource` (RFC 8707), one for each group of services',
      fallback: '',
      pattern: /^[a-z][a-z0-9+.-]*:[\x21\x22\x24-\x2b\x2d-\x7e]{1,180}$/,
      wants: 'an absolute URI without a fragment',
      why: 'A token for one audience is refused by the services of another. The default is one audience.',
    }),
  ),
  DATABASE_URL: databaseUrl({
    about:
      'URL of the PostgreSQL database; `schema`, `connection_limit`, `connect_timeout` and `pool_timeout` as in Prisma',
    why: 'Accounts, sessions and revocations are stored only there.',
  }),
  DATABASE_POOL: integer({
    about: 'Maximum number of database connections',
    fallback: '16',
    min: 2,
    max: 500,
    why: 'A renewal uses a connection for less than a millisecond.',
  }),
  DATABASE_TIMEOUT_MS: integer({
    about: 'Time limit of a statement, and of the wait for a connection',
    fallback: '5000',
    min: 100,
    max: 20000,
    why: 'Beyond it the response is 503. REVOCATION_MARGIN_MS must be at least twice as long.',
  }),
  SIGNING_KEY: text({
    about: 'PEM blocks: the first is the private key that signs access tokens, the others are only published',
    isSecret: true,
    wants: 'one or more PEM keys',
    why: 'A secret has no default.',
  }),
  SIGNING_ALGORITHM: oneOf<Algorithm>({
    about: 'Signature algorithm; must match the signing key',
    fallback: 'ES256',
    choices: algorithms,
    why: 'The smallest signature that all common libraries verify.',
  }),
  REFRESH_KEYS: text({
    about: 'Keys of refresh tokens as `id:64 hex digits`, separated by commas, the active key first',
    isSecret: true,
    pattern: /^\s*\d{1,3}:[0-9a-f]{64}(\s*,\s*\d{1,3}:[0-9a-f]{64})*\s*$/,
    wants: 'one or more "id:64 hex digits" separated by commas, with ids from 0 to 255',
    why: 'A secret has no default.',
  }),
  ACCESS_TOKEN_SECONDS: integer({
    about: 'Lifetime of an access token',
    fallback: '300',
    min: 1,
    max: hour,
    why: 'Revocation does not depend on it; it limits what guards must remember.',
  }),
  SESSION_SECONDS: integer({
    about: 'Absolute lifetime of a session with `remember: true`',
    fallback: String(30 * day),
    min: 1,
    max: 400 * day,
    why: 'NIST SP 800-63B-4 requires a new log-in after 30 days at the latest (AAL1).',
  }),
  SESSION_IDLE_SECONDS: integer({
    about: 'Idle time after which a session with `remember: true` expires',
    fallback: String(14 * day),
    min: 1,
    max: 400 * day,
    why: 'Ends the sessions of devices that are no longer used.',
  }),
  SHORT_SESSION_SECONDS: integer({
    about: 'Absolute lifetime of a session with `remember: false`',
    fallback: String(12 * hour),
    min: 1,
    max: 30 * day,
    why: 'Covers a working day.',
  }),
  SHORT_SESSION_IDLE_SECONDS: integer({
    about: 'Idle time after which a session with `remember: false` expires',
    fallback: String(2 * hour),
    min: 1,
    max: 30 * day,
    why: 'Protects a session that is left open on a shared computer.',
  }),
  SESSIONS_PER_ACCOUNT: integer({
    about: 'Maximum number of active sessions of one account; a log-in beyond it ends the oldest. 0 sets no limit',
    fallback: '0',
    min: 0,
    max: 10000,
    why: 'Most applications let a user have any number of devices; a limit bounds what a leaked password can open.',
  }),
  RETRY_WINDOW_MS: integer({
    about: 'Retry window: how long after its first use a refresh token still returns the same successor',
    fallback: '30000',
    min: 0,
    max: 300000,
    why: 'A client retries a lost response within it; reuse after it ends the session.',
  }),
  ON_SHARED_SESSION: oneOf<'report' | 'end'>({
    about: 'What happens when repeated renewals show that two clients hold the refresh token of a session',
    fallback: 'report',
    choices: ['report', 'end'],
    why: 'The evidence is circumstantial; `session.shared` in the audit log reports it.',
  }),
  LEASE_MS: integer({
    about: 'Lease: how long a guard may decide from memory after a poll',
    fallback: '15000',
    min: 200,
    max: 300000,
    why: 'The auth service may be down for ten seconds without an effect on requests; a dead guard delays a revocation by at most the lease.',
  }),
  LEASE_MARGIN_MS: integer({
    about: 'Added to a lease in the database',
    fallback: '2000',
    min: 50,
    max: 60000,
    why: 'Allows clock rates to differ by one per cent.',
  }),
  POLL_HOLD_MS: integer({
    about: 'How long a poll is held while the feed has no new entry',
    fallback: '5000',
    min: 50,
    max: 6000,
    why: 'An idle guard sends one request in five seconds, and abandons a poll after eight.',
  }),
  REVOCATION_MARGIN_MS: integer({
    about: 'How long a revocation is kept beyond the lifetime of an access token',
    fallback: '60000',
    min: 1000,
    max: 600000,
    why: 'Exceeds the duration of any transaction and the difference between clocks.',
  }),
  COOKIE_PATH: text({
    about: 'Path of the refresh cookie, as the browser sees it',
    fallback: '/session',
    pattern: /^\/[\w\-./]*$/,
    wants: 'a path that begins with /',
    why: 'It covers renew and log-out and nothing else; behind a prefix, put the prefix before it.',
  }),
  COOKIE_NAME: text({
    about: 'Name of the refresh cookie',
    fallback: '__Secure-gatehouse',
    pattern: /^__(Secure|Host)-[\w-]{1,60}$/,
    wants: 'a name that begins with __Secure- or __Host-',
    why: 'Browsers then accept the cookie only with the attribute Secure.',
  }),
  ALLOWED_ORIGINS: list(
    origin({
      about: 'Origins of pages on other hosts that may call the service, with cookies too (CORS)',
      fallback: '',
      why: 'No other origin is allowed by default.',
    }),
  ),
  PASSWORD_MIN_LENGTH: integer({
    about: 'Minimum length of a new password in characters',
    fallback: '15',
    min: 8,
    max: 64,
    why: 'NIST SP 800-63B-4 requires 15 where the password is the only factor.',
  }),
  RESET_CODE_SECONDS: integer({
    about: 'How long a reset code, or an initial password that must be changed, can be used',
    fallback: String(day),
    min: 60,
    max: 7 * day,
    why: 'The user can act within a day; a forgotten code is worthless afterwards (OWASP ASVS 6.4.1).',
  }),
  RECENT_LOGIN_SECONDS: integer({
    about: 'How old the log-in of a user may be for admin actions of weight: rights, secrets, ending every session',
    fallback: '900',
    min: 1,
    max: 30 * day,
    why: 'A session left open for longer cannot grant rights; the user confirms the password (RFC 9470).',
  }),
  PASSWORD_THREADS: integer({
    about: 'Number of threads that hash passwords',
    fallback: '2',
    min: 1,
    max: 64,
    why: 'One per core; while renewals arrive, one core is left to them.',
  }),
  PASSWORD_QUEUE: integer({
    about: 'Maximum number of passwords that wait for a thread',
    fallback: '64',
    min: 0,
    max: 10000,
    why: 'Beyond it the response is an immediate 503 instead of a later time-out.',
  }),
  LOGIN_FAILURES: integer({
    about: 'Wrong passwords for one account from one address per 15 minutes',
    fallback: '10',
    min: 1,
    max: 100000,
    why: 'Stops guessing without locking out other addresses.',
  }),
  ADDRESS_FAILURES: integer({
    about: 'Wrong passwords from one address per 15 minutes',
    fallback: '100',
    min: 1,
    max: 1000000,
    why: 'Stops guessing for many accounts; high enough for an office behind one address.',
  }),
  ACCOUNT_FAILURES: integer({
    about: 'Wrong passwords for one account from all unknown devices, until a log-in succeeds',
    fallback: '100',
    min: 10,
    max: 1000000,
    why: 'Beyond it only known devices and reset codes are accepted (NIST SP 800-63B-4 section 3.2.2).',
  }),
  ADMIN_CALLS: integer({
    about: 'Admin calls of one user or service client per minute',
    fallback: '600',
    min: 1,
    max: 1000000,
    why: 'Protects the database from a script in a loop.',
  }),
  RENEW_FAILURES: integer({
    about: 'Refused renewals of one session, or with invalid tokens from one address, per minute',
    fallback: '30',
    min: 1,
    max: 1000000,
    why: 'A client in a loop costs no statement; successful renewals are not counted.',
  }),
  CLIENT_FAILURES: integer({
    about: 'Wrong client secrets from one address per minute',
    fallback: '30',
    min: 1,
    max: 1000000,
    why: 'A flood of guesses costs no statement; secrets that were right before are not limited.',
  }),
  HOUSEKEEPING_SECONDS: integer({
    about: 'Interval at which expired rows are deleted',
    fallback: '60',
    min: 1,
    max: day,
    why: 'Frequent small batches; replicas share the work.',
  }),
  SESSION_HISTORY_DAYS: integer({
    about: 'How long a session is kept after it has ended or expired',
    fallback: '7',
    min: 1,
    max: 3650,
    why: 'A client that returns after a week receives session-expired instead of session-ended.',
  }),
  AUDIT_RETENTION_DAYS: integer({
    about: 'How long audit entries are kept',
    fallback: '400',
    min: 1,
    max: 36500,
    why: 'Thirteen months allow comparison with the same month of the previous year.',
  }),
  LOG_LEVEL: oneOf({
    about: 'Log level',
    fallback: 'info',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
    why: 'Logs start, stop and failures.',
  }),
  LOG_REQUESTS: flag({
    about: 'Write a log line for each request',
    fallback: 'false',
    why: 'The gateway usually logs requests, and the lines cost a third of the throughput.',
  }),
  HSTS_SECONDS: integer({
    about: '`max-age` of Strict-Transport-Security; 0 sends no such header',
    fallback: '0',
    min: 0,
    max: 2 * 365 * day,
    why: 'The gateway terminates TLS and usually sends the header for the whole host.',
  }),
  HSTS_SUBDOMAINS: flag({
    about: 'Add `includeSubDomains` to Strict-Transport-Security',
    fallback: 'false',
    why: 'It affects hosts that this service does not serve.',
  }),
  DOCS: flag({
    about: 'Serve the API documentation at /docs',
    fallback: 'true',
    why: 'The document that it shows is public.',
  }),
  CONSOLE: flag({
    about: 'Serve the web pages /console and /account',
    fallback: 'true',
    why: 'They use the public API only. The gateway publishes /account, and /console when PUBLISH_CONSOLE is on.',
  }),
  NAME: optional(
    text({
      about: 'Name of this replica in logs',
      pattern: /^[\w.-]{1,100}$/,
      wants: 'letters, digits, dots, underscores and dashes',
      why: 'The host name is used when it is not set.',
    }),
  ),
  ...sharedSettings,
}

export type Config = Values<typeof settings>

/**
 * Reads and cross-checks the configuration.
 * @throws SettingsError with the name of the variable, the expected value and the reason
 */
export function readConfig(environment: Environment): Config {
  const config = readSettings(settings, environment)
  parseDatabaseUrl(config.DATABASE_URL)
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

/** What housekeeping deletes, and how many rows at a time. */
export function sweepRulesOf(config: Config) {
  return {
    limit: 2000,
    historyDays: config.SESSION_HISTORY_DAYS,
    auditRetentionDays: config.AUDIT_RETENTION_DAYS,
  }
}
