/**
 * Groups concurrent renewals into one statement: under load a process pays for a few commits instead of one for each renewal.
 *
 * One statement runs at a time, because the renewals that arrive meanwhile make the next statement cheaper. This is safe because
 * the statement never waits for a lock: it skips a session whose row is locked, and that session gets a statement of its own. A
 * renewal that arrives alone gets the single statement at once, which is the cheaper one.
 */
import type { Clock } from '@gatehouse/clock'
import { createBatcher } from '../database/batcher.ts'
import type { RawSql } from '../database/rawSql.ts'
import type { AccessTokenContents } from './accessTokenContents.ts'
import {
  advanceRefreshToken,
  type IdleTimes,
  type Rotation,
  rotateRefreshToken,
  rotateRefreshTokens,
} from './rotateRefreshToken.ts'

export interface RotationBatch {
  /** Rotates the row of a session, together with concurrent renewals; undefined when no row matched or the row is locked. */
  batched: (rotation: Rotation) => Promise<AccessTokenContents | undefined>
  /** Rotates it in a statement of its own, which waits for the row's lock; undefined when no row matched. */
  single: (rotation: Rotation) => Promise<AccessTokenContents | undefined>
  /** Moves the row forward for a token that is newer than it; undefined when the row has changed. */
  advance: (rotation: Rotation & { requestId: string }) => Promise<AccessTokenContents | undefined>
}

const maxItems = 64

export function createRotationBatch(db: Pick<RawSql, 'query'>, idle: IdleTimes, clock: Clock): RotationBatch {
  const single: RotationBatch['single'] = rotation => rotateRefreshToken(db, rotation, idle)
  const batch = createBatcher<Rotation, AccessTokenContents | undefined>({
    run: async rotations => {
      const [only, ...rest] = rotations
      if (only !== undefined && rest.length === 0) return [await single(only)]
      const contents = await rotateRefreshTokens(db, rotations, idle)
      return rotations.map(({ sessionId }) => contents.get(sessionId))
    },
    maxItems,
    keyOf: ({ sessionId }) => sessionId,
    clock,
  })
  return { batched: batch.add, single, advance: rotation => advanceRefreshToken(db, rotation, idle) }
}
