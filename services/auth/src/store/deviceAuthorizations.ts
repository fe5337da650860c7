/** Device authorizations: created by a device, decided by a user, used once by the device. */
import type { Db } from '../database/database.ts'
import { toInet } from './inet.ts'

export interface NewDeviceAuthorization {
  deviceCodeHash: Buffer
  userCode: string
  clientId: string
  scope: string | null
  audience: string
  address: string
  lifetimeSeconds: number
  intervalSeconds: number
}

/** Waiting devices; the sweep deletes the others. */
const maxWaiting = 10_000

/**
 * Relies on the unique index of user codes.
 * @returns false when the code is in use or too many devices wait
 */
export async function createDeviceAuthorization(db: Db, input: NewDeviceAuthorization): Promise<boolean> {
  const count = await db.$executeRaw`
    INSERT INTO device_authorizations (device_code_hash, user_code, client_id, scope, audience, expires_at, interval_seconds, address)
    SELECT ${input.deviceCodeHash}, ${input.userCode}, ${input.clientId}, ${input.scope}, ${input.audience},
           statement_timestamp() + make_interval(secs => ${input.lifetimeSeconds}::int), ${input.intervalSeconds},
           ${toInet(input.address)}::inet
     WHERE (SELECT count(*) FROM device_authorizations) < ${maxWaiting}
        ON CONFLICT DO NOTHING`
  return count === 1
}

export interface WaitingDevice {
  clientId: string
  scope: string | null
  audience: string
  address: string | null
  expiresAt: Date
}

/** A device that no user has decided about, by the unique index; locks nothing. */
export async function findWaitingDevice(db: Db, userCode: string): Promise<WaitingDevice | undefined> {
  const [row] = await db.$queryRaw<WaitingDevice[]>`
    SELECT client_id AS "clientId", scope, audience, host(address) AS address, expires_at AS "expiresAt"
      FROM device_authorizations
     WHERE user_code = ${userCode} AND decision IS NULL AND expires_at > statement_timestamp()`
  return row
}

export interface DeviceDecision {
  userCode: string
  decision: 'approved' | 'denied'
  accountId: string
  sessionId: string
  authTime: number
  /** The scopes of the user's token: the device gets no others. */
  scopes: string[]
  /** The client that may get every right of the account; null when the user's token has only a part of them. */
  clientWithAllRights: string | null
}

export interface DecidedDevice {
  clientId: string
  /** In seconds since 1970. */
  createdAt: number
  /** How long the device waits, in seconds. */
  ageSeconds: number
}

/** Relies on the row's lock: of two decisions, the second finds the first. @returns undefined for no such code */
export async function decideDevice(tx: Db, input: DeviceDecision): Promise<DecidedDevice | undefined> {
  const [row] = await tx.$queryRaw<DecidedDevice[]>`
    UPDATE device_authorizations
       SET decision = ${input.decision}, account_id = ${input.accountId}::uuid, session_id = ${input.sessionId}::uuid,
           auth_time = ${input.authTime}::int,
           scope = CASE WHEN scope IS NULL AND client_id = ${input.clientWithAllRights}::text THEN NULL
                        WHEN scope IS NULL THEN array_to_string(${input.scopes}::text[], ' ')
                        ELSE array_to_string(ARRAY(SELECT wanted FROM unnest(string_to_array(scope, ' ')) AS wanted
                                                    WHERE wanted = ANY (${input.scopes}::text[])), ' ') END
     WHERE user_code = ${input.userCode} AND decision IS NULL AND expires_at > statement_timestamp()
    RETURNING client_id AS "clientId", extract(epoch FROM created_at)::float8 AS "createdAt",
              extract(epoch FROM statement_timestamp() - created_at)::float8 AS "ageSeconds"`
  return row
}

/** The session that approved the device, by primary key; locks nothing. A decision is never changed into an approval. */
export async function findApproval(
  db: Db,
  deviceCodeHash: Buffer,
): Promise<{ accountId: string; sessionId: string } | undefined> {
  const [row] = await db.$queryRaw<{ accountId: string; sessionId: string }[]>`
    SELECT account_id AS "accountId", session_id AS "sessionId" FROM device_authorizations
     WHERE device_code_hash = ${deviceCodeHash} AND decision = 'approved'`
  return row
}

export interface LockedDevice {
  scope: string | null
  audience: string
  isExpired: boolean
  isTooEarly: boolean
  decision: 'approved' | 'denied' | null
  accountId: string | null
  sessionId: string | null
  authTime: number | null
}

/** Requests do not take equally long, so a device that polls at the interval arrives a little early at times. */
const earlySeconds = 1

/** Takes the row's lock by primary key, so that a code is used once. A poll that comes too early lengthens the interval. */
export async function pollDevice(
  tx: Db,
  { deviceCodeHash, clientId }: { deviceCodeHash: Buffer; clientId: string },
): Promise<LockedDevice | undefined> {
  const [row] = await tx.$queryRaw<LockedDevice[]>`
    WITH locked AS (
      SELECT *, coalesce(polled_at + make_interval(secs => interval_seconds - ${earlySeconds}::int) > statement_timestamp(), false) AS is_too_early
        FROM device_authorizations
       WHERE device_code_hash = ${deviceCodeHash} AND client_id = ${clientId} FOR UPDATE
    ), polled AS (
      UPDATE device_authorizations AS device
         SET polled_at = statement_timestamp(),
             interval_seconds = device.interval_seconds + CASE WHEN locked.is_too_early THEN 5 ELSE 0 END
        FROM locked WHERE device.device_code_hash = locked.device_code_hash
    )
    SELECT scope, audience, expires_at <= statement_timestamp() AS "isExpired", is_too_early AS "isTooEarly", decision,
           account_id AS "accountId", session_id AS "sessionId", auth_time AS "authTime"
      FROM locked`
  return row
}

/** The caller holds the row's lock. */
export async function deleteDevice(tx: Db, deviceCodeHash: Buffer): Promise<void> {
  await tx.$executeRaw`DELETE FROM device_authorizations WHERE device_code_hash = ${deviceCodeHash}`
}

/** By the index on `expires_at`. A row stays for a while, so that a device that polls late gets `expired_token`. */
export async function removeDeviceAuthorizations(db: Db, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM device_authorizations WHERE device_code_hash = ANY (ARRAY(
      SELECT device_code_hash FROM device_authorizations WHERE expires_at < statement_timestamp() - interval '5 minutes'
       ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))`
}
