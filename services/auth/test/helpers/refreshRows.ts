/** Refresh rows for sessions that a test inserted directly into the table. */
import type { TestService } from './service.ts'

/**
 * Inserts a row for each active session that has none; its secret is unknown.
 * @param idle idle time left, as a PostgreSQL interval; negative when it is over
 */
export async function insertRefreshRows({ database }: Pick<TestService, 'database'>, idle: string): Promise<void> {
  await database.prisma.$executeRaw`
    INSERT INTO refresh_tokens (session_id, generation, current_hash, idle_expires_at,
                                account_id, client_id, remember, global_epoch, authenticated_at, expires_at)
    SELECT id, 0, '', now() + ${idle}::interval, account_id, client_id, remember, global_epoch, created_at, expires_at
      FROM sessions WHERE ended_at IS NULL
        ON CONFLICT DO NOTHING`
}
