/** Service clients as admins manage them. */
import type { Db } from '../database/database.ts'

export interface ClientRow {
  id: string
  name: string
  scopes: string[]
  createdAt: Date
  lastUsedAt: Date | null
  previousSecretEndsAt: Date | null
}

/** A small table, read whole unless one is named; a guard's last poll is a use too. */
export async function listClients(db: Db, id: string | null = null): Promise<ClientRow[]> {
  return db.$queryRaw<ClientRow[]>`
    SELECT client.id, client.name, client.scopes, client.created_at AS "createdAt",
           greatest(client.last_used_at, (SELECT max(last_seen_at) FROM guards WHERE client_id = client.id)) AS "lastUsedAt",
           CASE WHEN client.previous_secret_ends_at > statement_timestamp() THEN client.previous_secret_ends_at END AS "previousSecretEndsAt"
      FROM service_clients AS client WHERE (${id}::text IS NULL OR client.id = ${id}) ORDER BY client.id LIMIT 1000`
}

export interface LockedClient {
  id: string
  scopes: string[]
  /** `sid` of its own access tokens. */
  sessionId: string
}

/** Takes the row's lock by primary key: a token that is being given out reads the row before or after the act, never between. */
export async function lockClient(db: Db, id: string): Promise<LockedClient | undefined> {
  const [row] = await db.$queryRaw<LockedClient[]>`
    SELECT id, scopes, session_id AS "sessionId" FROM service_clients WHERE id = ${id} FOR UPDATE`
  return row
}

/** The caller holds the row's lock. Without an overlap the old secret is worth nothing from here on. */
export async function replaceSecret(
  db: Db,
  { id, secretHash, overlapSeconds }: { id: string; secretHash: Buffer; overlapSeconds: number },
): Promise<void> {
  await db.$executeRaw`
    UPDATE service_clients
       SET previous_secret_hash = CASE WHEN ${overlapSeconds}::int > 0 THEN secret_hash END,
           previous_secret_ends_at = CASE WHEN ${overlapSeconds}::int > 0
             THEN clock_timestamp() + make_interval(secs => ${overlapSeconds}::int) END,
           secret_hash = ${secretHash}
     WHERE id = ${id}`
}

/** From now on its tokens carry another `sid`. The caller holds the row's lock, and revokes the old one. */
export async function renewClientSession(db: Db, id: string): Promise<void> {
  await db.$executeRaw`UPDATE service_clients SET session_id = gen_random_uuid() WHERE id = ${id}`
}

/** Its guards' rows stay: they may decide until their leases end, and the barrier waits for them. */
export async function deleteClient(db: Db, id: string): Promise<void> {
  await db.$executeRaw`DELETE FROM service_clients WHERE id = ${id}`
}
