/** Creates and authenticates service clients. */
import type { Db } from '../database/database.ts'
import { Prisma } from '../generated/prisma/client.ts'

export interface NewServiceClient {
  id: string
  name: string
  secretHash: Buffer
  scopes: string[]
  audience?: string | null
}

/** Creates the client, or gives an existing client this secret, name and scopes. No other secret and no key is then accepted. */
export async function putServiceClient(db: Db, client: NewServiceClient): Promise<void> {
  const { id, ...fields } = toStored(client)
  const others = { previousSecretHash: null, previousSecretEndsAt: null, jwks: Prisma.DbNull }
  await db.serviceClient.upsert({ where: { id }, create: { id, ...fields }, update: { ...fields, ...others } })
}

/** Relies on the primary key. @returns false when the id is taken */
export async function createServiceClient(db: Db, client: NewServiceClient): Promise<boolean> {
  const { count } = await db.serviceClient.createMany({ data: [toStored(client)], skipDuplicates: true })
  return count === 1
}

/** Prisma's `Bytes` is a view of memory that nothing shares. */
function toStored({ secretHash, ...client }: NewServiceClient) {
  return { ...client, secretHash: new Uint8Array(secretHash) }
}

export interface AuthenticatedClient {
  id: string
  scopes: string[]
  /** Of the tokens that it introspects and exchanges; null is the default one. */
  audience: string | null
  /** `sid` of the tokens that are issued now. */
  sessionId: string
  globalEpoch: number
  /** PostgreSQL's clock, in milliseconds since 1970. */
  dbNowMs: number
}

/**
 * Finds the client by primary key, if the secret is the current one, or the previous one within its overlap. The same
 * statement writes the last use once a minute, so that a busy client does not cost a write for each call.
 */
export async function authenticateClient(
  db: Db,
  presented: { id: string; secretHash: Buffer },
): Promise<AuthenticatedClient | undefined> {
  const [row] = await db.$queryRaw<AuthenticatedClient[]>`
    WITH client AS (
      SELECT id, scopes, audience, session_id FROM service_clients
       WHERE id = ${presented.id}
         AND (secret_hash = ${presented.secretHash}
              OR (previous_secret_hash = ${presented.secretHash} AND previous_secret_ends_at > statement_timestamp()))
    ), used AS (
      UPDATE service_clients SET last_used_at = statement_timestamp() FROM client
       WHERE service_clients.id = client.id
         AND (last_used_at IS NULL OR last_used_at < statement_timestamp() - interval '1 minute')
    )
    SELECT client.id, client.scopes, client.audience, client.session_id AS "sessionId", clock.global_epoch AS "globalEpoch",
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "dbNowMs"
      FROM client JOIN revocation_clock AS clock ON clock.id = 1`
  return row
}

/** The client and its public keys, by primary key; undefined for a client without keys. */
export async function readClientKeys(
  db: Db,
  id: string,
): Promise<(AuthenticatedClient & { jwks: unknown }) | undefined> {
  const [row] = await db.$queryRaw<(AuthenticatedClient & { jwks: unknown })[]>`
    SELECT client.id, client.scopes, client.audience, client.jwks, client.session_id AS "sessionId", clock.global_epoch AS "globalEpoch",
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "dbNowMs"
      FROM service_clients AS client JOIN revocation_clock AS clock ON clock.id = 1
     WHERE client.id = ${id} AND client.jwks IS NOT NULL`
  return row
}

/** By primary key. */
export async function hasServiceClient(db: Db, id: string): Promise<boolean> {
  return (await db.serviceClient.count({ where: { id } })) > 0
}

/** Writes the use of a client that has proved its key, once a minute as `authenticateClient` does. */
export async function recordClientUse(db: Db, id: string): Promise<void> {
  await db.$executeRaw`
    UPDATE service_clients SET last_used_at = statement_timestamp()
     WHERE id = ${id} AND (last_used_at IS NULL OR last_used_at < statement_timestamp() - interval '1 minute')`
}

/** @returns whether the secret is the client's and the client has the scope */
export async function isServiceClient(
  db: Db,
  { scope, ...presented }: { id: string; secretHash: Buffer; scope: string },
): Promise<boolean> {
  const client = await authenticateClient(db, presented)
  return client?.scopes.includes(scope) ?? false
}
