/** Remembers requests that carried an Idempotency-Key (creations, changes of the own password), and used assertions. */
import type { Db } from '../database/database.ts'

export interface Creation {
  keyHash: Buffer
  requestHash: Buffer
  target: string
}

/** How long a client may repeat a request with an Idempotency-Key. */
const repeatableSeconds = 24 * 3600

/**
 * Relies on the primary key: of two concurrent requests the second waits for the first's commit, then finds its row.
 * One statement, because it takes over a row whose time is up.
 * @returns what an earlier request with this key asked for and created; undefined when this is the first
 */
export async function claimCreation(
  db: Db,
  { rememberedSeconds = repeatableSeconds, ...creation }: Creation & { rememberedSeconds?: number },
): Promise<Omit<Creation, 'keyHash'> | undefined> {
  const count = await db.$executeRaw`
    INSERT INTO creations AS known (key_hash, request_hash, target, expires_at)
    VALUES (${creation.keyHash}, ${creation.requestHash}, ${creation.target}::uuid, clock_timestamp() + make_interval(secs => ${rememberedSeconds}::float8))
    ON CONFLICT (key_hash) DO UPDATE
       SET request_hash = excluded.request_hash, target = excluded.target, expires_at = excluded.expires_at
     WHERE known.expires_at < clock_timestamp()`
  if (count === 1) return undefined
  const known = await db.creation.findUnique({
    where: { keyHash: new Uint8Array(creation.keyHash) },
    select: { requestHash: true, target: true },
  })
  return known === null ? undefined : { requestHash: Buffer.from(known.requestHash), target: known.target }
}

/** @returns the creation that an earlier request with this key made, within the time in which it may be repeated */
export async function readCreation(db: Db, keyHash: Buffer): Promise<{ target: string } | undefined> {
  const [row] = await db.$queryRaw<{ target: string }[]>`
    SELECT target FROM creations WHERE key_hash = ${keyHash} AND expires_at > statement_timestamp()`
  return row
}
