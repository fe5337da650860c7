/**
 * Renewals that arrive together share a statement: under load a process pays for a few commits instead of one for each.
 *
 * One statement is under way at a time, since what gathers meanwhile makes the next one cheaper; that is only right because it
 * waits for nobody: a session whose row is held is left out of it, and asked for by a statement of its own. A renewal that
 * comes alone has one of its own from the start, which is the cheaper one.
 */
import type { Clock } from '@gatehouse/clock'
import { createBatcher } from '../database/batcher.ts'
import type { RawSql } from '../database/rawSql.ts'
import {
  type Grant,
  type IdleTimes,
  type Rotation,
  rotateRefreshToken,
  rotateRefreshTokens,
} from './rotateRefreshToken.ts'

export interface RotationBatch {
  /** Rotates the row of one session, with others if others ask; nothing when no row matched, or somebody holds it. */
  batched: (rotation: Rotation) => Promise<Grant | undefined>
  /** The same by itself, waiting for whoever holds the row; nothing when no row matched. */
  single: (rotation: Rotation) => Promise<Grant | undefined>
}

const maxItems = 64

export function createRotationBatch(db: Pick<RawSql, 'query'>, idle: IdleTimes, clock: Clock): RotationBatch {
  const single: RotationBatch['single'] = rotation => rotateRefreshToken(db, rotation, idle)
  const batch = createBatcher<Rotation, Grant | undefined>({
    run: async rotations => {
      const [only, ...others] = rotations
      if (only !== undefined && others.length === 0) return [await single(only)]
      const grants = await rotateRefreshTokens(db, rotations, idle)
      return rotations.map(({ sessionId }) => grants.get(sessionId))
    },
    maxItems,
    keyOf: ({ sessionId }) => sessionId,
    clock,
  })
  return { batched: batch.add, single }
}
