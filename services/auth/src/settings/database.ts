/** Settings of the database and of how long rows are kept. */
import { databaseUrl, integer, optional, text } from '@gatehouse/settings'

const day = 24 * 3600

export const databaseSettings = {
  DATABASE_URL: databaseUrl({
    about:
      'URL of the PostgreSQL database, with one host or several; `pgbouncer`, `schema`, `connection_limit`, `connect_timeout` and `pool_timeout` as in Prisma; `prepared_statements=true` for a pooler that keeps them',
    why: 'Accounts, sessions and revocations are stored only there.',
  }),
  DATABASE_DIRECT_URL: optional(
    databaseUrl({
      about: 'URL of the same database without the connection pooler, for LISTEN and migrations',
      why: 'A pooler in transaction mode keeps no session. Needed when DATABASE_URL names one.',
    }),
  ),
  DATABASE_PASSWORD_COMMAND: optional(
    text({
      about: 'Shell command that prints the database password; it runs again for new connections',
      why: 'For rotated passwords and IAM tokens, which expire while the service runs.',
    }),
  ),
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
    about: 'How long audit entries are kept; a month is dropped whole, once all its entries are older',
    fallback: '400',
    min: 1,
    max: 36500,
    why: 'Thirteen months allow comparison with the same month of the previous year.',
  }),
}
