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
  DATABASE_POOL: integer(16, [2, 500], {
    about: 'Maximum number of database connections',
    why: 'A renewal uses a connection for less than a millisecond.',
  }),
  DATABASE_TIMEOUT_MS: integer(5000, [100, 20_000], {
    about: 'Time limit of a statement, and of the wait for a connection',
    why: 'Beyond it the response is 503. REVOCATION_MARGIN_MS must be at least twice as long.',
  }),
  HOUSEKEEPING_SECONDS: integer(60, [1, day], {
    about: 'Interval at which expired rows are deleted',
    why: 'Frequent small batches; replicas share the work.',
  }),
  SESSION_HISTORY_DAYS: integer(7, [1, 3650], {
    about: 'How long a session is kept after it has ended or expired',
    why: 'A client that returns after a week receives session-expired instead of session-ended.',
  }),
  AUDIT_RETENTION_DAYS: integer(400, [1, 36_500], {
    about: 'How long audit entries are kept; a month is dropped whole, once all its entries are older',
    why: 'Thirteen months allow comparison with the same month of the previous year.',
  }),
}
