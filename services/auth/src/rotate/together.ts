/**
 * Renewals that arrive together share a statement: under load a process pays for a few commits instead of one for each.
 *
 * One that comes alone is a statement by itself, as is any that shared one without success: its row was held by somebody
 * else, whom only it waits for.
 */
import { createBatch } from '../store/batches.ts'
import type { Adapter } from '../store/direct.ts'
import {
  type Grant,
  type IdleTimes,
  type Rotation,
  rotateRefreshToken,
  rotateRefreshTokens,
} from '../store/rotateRefreshToken.ts'

/** Rotates the row of one session; nothing when no row matched. */
export type RotateRow = (rotation: Rotation) => Promise<Grant | undefined>

const together = 64
/** One more than one, so that a renewal rarely waits for a commit before its own begins. */
const atOnce = 2

export function rotateTogether(db: Pick<Adapter, 'query'>, idle: IdleTimes): RotateRow {
  const alone: RotateRow = rotation => rotateRefreshToken(db, rotation, idle)
  const batch = createBatch<Rotation, Grant | undefined | 'not taken'>({
    run: async rotations => {
      const [only, ...others] = rotations
      if (only !== undefined && others.length === 0) return [await alone(only)]
      const grants = await rotateRefreshTokens(db, rotations, idle)
      return rotations.map(({ sessionId }) => grants.get(sessionId) ?? 'not taken')
    },
    most: together,
    atOnce,
    keyOf: ({ sessionId }) => sessionId,
  })
  return async rotation => {
    const grant = await batch.add(rotation)
    return grant === 'not taken' ? alone(rotation) : grant
  }
}
