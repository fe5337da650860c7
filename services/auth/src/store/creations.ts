/** Remembers creations that carried an Idempotency-Key. */
import type { Db } from '../database/database.ts'

export interface Creation {
  keyHash: Buffer
  requestHash: Buffer
  target: string
}

/** As long as a client may sensibly repeat itself. */
const rememberedHours = 24

/**
 * Relies on the primary key: of two at once the second waits for the first's commit and then finds its row.
 * @returns what an earlier call with this key asked for and made; undefined when this is the first
 */
export async function claimCreation(db: Db, creation: Creation): Promise<Omit<Creation, 'keyHash'> | undefined> {
  const count = await db.$executeRaw`
    INSERT INTO creations AS known (key_hash, request_hash, target, expires_at)
    VALUES (${creation.keyHash}, ${creation.requestHash}, ${creation.target}::uuid, clock_timestamp() + make_interval(hours => ${rememberedHours}::int))
    ON CONFLICT (key_hash) DO UPDATE
       SET request_hash = excluded.request_hash, target = excluded.target, expires_at = excluded.expires_at
     WHERE known.expires_at < clock_timestamp()`
  if (count === 1) return undefined
  const [row] = await db.$queryRaw<Omit<Creation, 'keyHash'>[]>`
    SELECT request_hash AS "requestHash", target FROM creations WHERE key_hash = ${creation.keyHash}`
  return row
}
