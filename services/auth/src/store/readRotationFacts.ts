/** Reads what the database holds about a refresh token that did not rotate. */
import type { RotationFacts } from '@gatehouse/protocol'
import type { Db } from '../database/database.ts'
import { type AccessTokenContents, type ContentsRow, contentsOf } from './accessTokenContents.ts'

interface Row extends Omit<ContentsRow, 'sessionId'> {
  isEnded: boolean
  isCutOff: boolean
  generation: number | null
  idleExpiresAtMs: number | null
  rotatedAtMs: number | null
  isCurrentSecret: boolean | null
  isPreviousSecret: boolean | null
  hasSameIdempotencyKey: boolean | null
  currentHash: Uint8Array | null
  address: string | null
  rotatedFrom: string | null
  rotatedAgent: string | null
  hasIdempotencyKey: boolean | null
}

export interface PresentedHashes {
  sessionId: string
  generation: number
  presentedHash: Buffer
  idempotencyKeyHash: Buffer | null
}

export interface RotationRead {
  facts: RotationFacts
  /** The contents of a new access token, for the case that the request is a retry. */
  contents: AccessTokenContents | null
  /** Hash of the current secret, which a retry is answered with. */
  currentHash: Uint8Array | null
  /** The address at log-in, as evidence. */
  address: string | null
  /** The request that rotated last: the first use of the presented token, if that is the previous one. */
  firstUse: { address: string | null; userAgent: string | null; hasIdempotencyKey: boolean }
}

/** One statement and so one snapshot of the rows and of PostgreSQL's clock; reads by primary key, locks nothing. */
export async function readRotationFacts(db: Db, presented: PresentedHashes): Promise<RotationRead> {
  const [row] = await db.$queryRaw<Row[]>`
    SELECT account.id AS "accountId", session.client_id AS "clientId", account.roles, account.scopes, account.epoch,
           clock.global_epoch AS "globalEpoch", session.remember, session.scope, session.audience, host(session.address) AS address,
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "issuedAtMs",
           extract(epoch FROM token.authenticated_at)::float8 * 1000 AS "authenticatedAtMs",
           extract(epoch FROM session.expires_at)::float8 * 1000 AS "expiresAtMs",
           session.ended_at IS NOT NULL AS "isEnded",
           account.disabled_at IS NOT NULL OR session.global_epoch < clock.global_epoch AS "isCutOff",
           token.generation, token.current_hash AS "currentHash",
           extract(epoch FROM token.idle_expires_at)::float8 * 1000 AS "idleExpiresAtMs",
           extract(epoch FROM token.rotated_at)::float8 * 1000 AS "rotatedAtMs",
           token.generation = ${presented.generation} AND token.current_hash = ${presented.presentedHash} AS "isCurrentSecret",
           token.previous_hash = ${presented.presentedHash} AS "isPreviousSecret",
           token.idempotency_key_hash = ${presented.idempotencyKeyHash} AS "hasSameIdempotencyKey",
           token.rotated_from AS "rotatedFrom", token.rotated_agent AS "rotatedAgent",
           token.idempotency_key_hash IS NOT NULL AS "hasIdempotencyKey"
      FROM sessions AS session
      JOIN accounts AS account ON account.id = session.account_id
      JOIN revocation_clock AS clock ON clock.id = 1
      LEFT JOIN refresh_tokens AS token ON token.session_id = session.id
     WHERE session.id = ${presented.sessionId}::uuid`
  const facts: RotationFacts = {
    dbNowMs: row?.issuedAtMs ?? 0,
    session: row ? { isEnded: row.isEnded, isCutOff: row.isCutOff, expiresAtMs: row.expiresAtMs } : null,
    stored: row ? storedOf(row) : null,
    presented: {
      generation: presented.generation,
      isCurrentSecret: row?.isCurrentSecret ?? false,
      isPreviousSecret: row?.isPreviousSecret ?? false,
      hasSameIdempotencyKey: row?.hasSameIdempotencyKey ?? false,
    },
  }
  return {
    facts,
    contents: row ? contentsOf({ ...row, sessionId: presented.sessionId }) : null,
    currentHash: row?.currentHash ?? null,
    address: row?.address ?? null,
    firstUse: {
      address: row?.rotatedFrom ?? null,
      userAgent: row?.rotatedAgent ?? null,
      hasIdempotencyKey: row?.hasIdempotencyKey ?? false,
    },
  }
}

function storedOf({ generation, idleExpiresAtMs, rotatedAtMs }: Row): RotationFacts['stored'] {
  return generation === null || idleExpiresAtMs === null ? null : { generation, idleExpiresAtMs, rotatedAtMs }
}
