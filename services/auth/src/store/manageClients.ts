/** Service clients as admins manage them. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Db } from '../database/database.ts'
import { readClock } from './readClock.ts'

export interface ClientRow {
  id: string
  name: string
  scopes: string[]
  audience: string | null
  jwks: unknown
  createdAt: Date
  lastUsedAt: Date | null
  previousSecretEndsAt: Date | null
}

const maxClients = 1000

/**
 * At most 1000 clients, by primary key.
 * @param id reads only this client; null reads all
 */
export async function listClients(db: Db, id: string | null = null): Promise<ClientRow[]> {
  const clients = await db.serviceClient.findMany({
    ...(id === null ? {} : { where: { id } }),
    orderBy: { id: 'asc' },
    take: maxClients,
    select: {
      id: true,
      name: true,
      scopes: true,
      audience: true,
      jwks: true,
      createdAt: true,
      lastUsedAt: true,
      previousSecretEndsAt: true,
    },
  })
  const { dbNowMs } = await readClock(db)
  // A poll of a guard uses its client; the sweep of dead guards writes that to the client's row.
  const polls = await db.guard.groupBy({
    by: ['clientId'],
    ...(id === null ? {} : { where: { clientId: id } }),
    _max: { lastSeenAt: true },
  })
  const polledAtOf = new Map(polls.map(({ clientId, _max }) => [clientId, _max.lastSeenAt]))
  return clients.map(({ lastUsedAt, previousSecretEndsAt, ...client }) => ({
    ...client,
    lastUsedAt: latest([lastUsedAt, polledAtOf.get(client.id) ?? null]),
    previousSecretEndsAt:
      previousSecretEndsAt !== null && previousSecretEndsAt.getTime() > dbNowMs ? previousSecretEndsAt : null,
  }))
}

export interface LockedClient {
  id: string
  scopes: string[]
  /** Null for a client with a secret. */
  jwks: unknown
  /** `sid` of its own access tokens. */
  sessionId: string
}

/** Takes the row's lock by primary key: a token request reads the row before or after the change, never in between. */
export async function lockClient(db: Db, id: string): Promise<LockedClient | undefined> {
  const [row] = await db.$queryRaw<LockedClient[]>`
    SELECT id, scopes, jwks, session_id AS "sessionId" FROM service_clients WHERE id = ${id} FOR UPDATE`
  return row
}

/**
 * The caller holds the row's lock. One statement, since the old hash moves within the row.
 * Without an overlap the old secret is refused from this statement on.
 */
export async function replaceSecret(
  db: Db,
  { id, secretHash, overlapSeconds }: { id: string; secretHash: Buffer; overlapSeconds: number },
): Promise<void> {
  await db.$executeRaw`
    UPDATE service_clients
       SET previous_secret_hash = CASE WHEN ${overlapSeconds}::int > 0 THEN secret_hash END,
           previous_secret_ends_at = CASE WHEN ${overlapSeconds}::int > 0
             THEN clock_timestamp() + make_interval(secs => ${overlapSeconds}::int) END,
           secret_hash = ${secretHash}, jwks = NULL
     WHERE id = ${id}`
}

/** The caller holds the row's lock. From this statement on no secret is accepted. */
export async function replaceKeys(db: Db, { id, jwks }: { id: string; jwks: object }): Promise<void> {
  // Random bytes are the hash of no known secret.
  const unusableHash = randomBytes(32)
  await db.$executeRaw`
    UPDATE service_clients
       SET jwks = ${JSON.stringify(jwks)}::jsonb, secret_hash = ${unusableHash}, previous_secret_hash = NULL,
           previous_secret_ends_at = NULL
     WHERE id = ${id}`
}

/** The caller holds the row's lock. */
export async function removeScopes(db: Db, id: string): Promise<void> {
  await db.serviceClient.updateMany({ where: { id }, data: { scopes: [] } })
}

/** New tokens of the client carry another `sid`. The caller holds the row's lock, and revokes the old `sid`. */
export async function renewClientSession(db: Db, id: string): Promise<void> {
  await db.serviceClient.updateMany({ where: { id }, data: { sessionId: randomUUID() } })
}

/** The rows of its guards stay: a guard may decide until its lease ends, and the barrier waits for it. */
export async function deleteClient(db: Db, id: string): Promise<void> {
  await db.serviceClient.deleteMany({ where: { id } })
}

function latest(dates: readonly (Date | null)[]): Date | null {
  return dates.reduce((last, date) => (last === null || (date !== null && date > last) ? date : last), null)
}
