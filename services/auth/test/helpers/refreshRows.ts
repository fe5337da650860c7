/** Refresh rows for sessions that a test put into the table by itself. */
import type { Stage } from './service.ts'

/**
 * Each session that stands and has none gets one, with a secret that nobody knows.
 * @param idle how long from now it may idle, as an interval of PostgreSQL; one that is over has a minus
 */
export async function giveRefreshRows({ database }: Pick<Stage, 'database'>, idle: string): Promise<void> {
  await database.prisma.$executeRaw`
    INSERT INTO refresh_tokens (session_id, generation, current_hash, idle_expires_at,
                                account_id, client_id, remember, global_epoch, authenticated_at, expires_at)
    SELECT id, 0, '', now() + ${idle}::interval, account_id, client_id, remember, global_epoch, created_at, expires_at
      FROM sessions WHERE ended_at IS NULL
        ON CONFLICT DO NOTHING`
}
