/** Programs that authenticate as themselves: who they are, and what they may. */
import type { Db } from '../database/database.ts'

export interface NewServiceClient {
  id: string
  name: string
  secretHash: Buffer
  scopes: string[]
}

/** Creates the client, or gives an existing one this secret, name and scopes. */
export async function putServiceClient(db: Db, client: NewServiceClient): Promise<void> {
  await db.$executeRaw`
    INSERT INTO service_clients (id, name, secret_hash, scopes)
    VALUES (${client.id}, ${client.name}, ${client.secretHash}, ${client.scopes}::text[])
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, secret_hash = excluded.secret_hash, scopes = excluded.scopes`
}

/** Relies on the primary key: false when the id is taken. */
export async function createServiceClient(db: Db, client: NewServiceClient): Promise<boolean> {
  const count = await db.$executeRaw`
    INSERT INTO service_clients (id, name, secret_hash, scopes)
    VALUES (${client.id}, ${client.name}, ${client.secretHash}, ${client.scopes}::text[])
    ON CONFLICT (id) DO NOTHING`
  return count === 1
}

export interface AuthenticatedClient {
  id: string
  scopes: string[]
  /** `sid` of the tokens that it is given now. */
  sessionId: string
  globalEpoch: number
  /** The database's clock: a revocation's memory is counted from it. */
  dbNowMs: number
}

/**
 * The client, if the secret is its present one, or the one before within its overlap. By primary key; its last use is
 * written once a minute, so that a busy client does not cost a write for each call.
 */
export async function authenticateClient(
  db: Db,
  presented: { id: string; secretHash: Buffer },
): Promise<AuthenticatedClient | undefined> {
  const [row] = await db.$queryRaw<AuthenticatedClient[]>`
    WITH client AS (
      SELECT id, scopes, session_id FROM service_clients
       WHERE id = ${presented.id}
         AND (secret_hash = ${presented.secretHash}
              OR (previous_secret_hash = ${presented.secretHash} AND previous_secret_ends_at > statement_timestamp()))
    ), used AS (
      UPDATE service_clients SET last_used_at = statement_timestamp() FROM client
       WHERE service_clients.id = client.id
         AND (last_used_at IS NULL OR last_used_at < statement_timestamp() - interval '1 minute')
    )
    SELECT client.id, client.scopes, client.session_id AS "sessionId", clock.global_epoch AS "globalEpoch",
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "dbNowMs"
      FROM client JOIN revocation_clock AS clock ON clock.id = 1`
  return row
}

/** Whether the secret is the client's, and the client may. */
export async function isServiceClient(
  db: Db,
  { scope, ...presented }: { id: string; secretHash: Buffer; scope: string },
): Promise<boolean> {
  const client = await authenticateClient(db, presented)
  return client?.scopes.includes(scope) ?? false
}
