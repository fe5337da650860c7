/** Programs that authenticate as themselves. */
import type { Db } from './database.ts'

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

/** Whether the secret is the client's: the present one, or the one before within its overlap. By primary key. */
export async function isServiceClient(
  db: Db,
  presented: { id: string; secretHash: Buffer; scope: string },
): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM service_clients
     WHERE id = ${presented.id} AND ${presented.scope} = ANY (scopes)
       AND (secret_hash = ${presented.secretHash}
            OR (previous_secret_hash = ${presented.secretHash} AND previous_secret_ends_at > statement_timestamp()))`
  return rows.length === 1
}
