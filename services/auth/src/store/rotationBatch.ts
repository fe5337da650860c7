/**
 * Renewals that arrive together share a statement: under load a process pays for a few commits instead of one for each.
 *
 * One statement is under way at a time, since what gathers meanwhile makes the next one cheaper; that is only right because it
 * waits for nobody: a session whose row is held is left out of it, and asked for by a statement of its own. A renewal that
 * comes alone has one of its own from the start, which is the cheaper one.
 */
import type { Clock } from '@gatehouse/clock'
import { createBatcher } from '../database/batcher.ts'
import type { Adapter } from '../database/rawSql.ts'
import {
  type Grant,
  type IdleTimes,
  type Rotation,
  rotateRefreshToken,
  rotateRefreshTokens,
} from './rotateRefreshToken.ts'

export interface RotateRow {
  /** Rotates the row of one session, with others if others ask; nothing when no row matched, or somebody holds it. */
  together: (rotation: Rotation) => Promise<Grant | undefined>
  /** The same by itself, waiting for whoever holds the row; nothing when no row matched. */
  alone: (rotation: Rotation) => Promise<Grant | undefined>
}

const most = 64

export function createRotationBatch(db: Pick<Adapter, 'query'>, idle: IdleTimes, clock: Clock): RotateRow {
  const alone: RotateRow['alone'] = rotation => rotateRefreshToken(db, rotation, idle)
  const batch = createBatcher<Rotation, Grant | undefined>({
    run: async rotations => {
      const [only, ...others] = rotations
      if (only !== undefined && others.length === 0) return [await alone(only)]
      const grants = await rotateRefreshTokens(db, rotations, idle)
      return rotations.map(({ sessionId }) => grants.get(sessionId))
    },
    most,
    keyOf: ({ sessionId }) => sessionId,
    clock,
  })
  return { together: batch.add, alone }
}
