/** The true history of renewals, which each explanation of the protocol is checked against. */
import type { RotationDecision } from '../src/index.ts'
import type { RefreshToken } from './sessions.ts'

export interface Renewals {
  /** A client presents this token and holds no newer one. */
  presented: (token: RefreshToken) => void
  rotated: (presented: RefreshToken, dbNowMs: number) => void
  explained: (presented: RefreshToken, said: ExplainedRenewal) => void
  /** The database has lost its last commits, so its history is no longer the recorded one. */
  forget: () => void
}

export interface ExplainedRenewal {
  explanation: RotationDecision
  /** The database holds an active session and a refresh row. */
  isActive: boolean
  dbNowMs: number
  retryWindowMs: number
}

/** @param fail receives the broken promise */
export function createRenewals(fail: (what: string) => void): Renewals {
  const rotatedAt = new Map<string, number>()
  /** Without the rotations before a fail-over, which the database may have lost. */
  let keptRotatedAt = new Map<string, number>()
  const newestHeld = new Map<string, number>()
  const replayed = new Set<string>()
  let hasLost = false

  const usedAtMs = ({ sid, generation }: RefreshToken) => rotatedAt.get(`${sid}:${generation}`)

  const checkReuse = (presented: RefreshToken, { dbNowMs, retryWindowMs }: ExplainedRenewal) => {
    const { sid, generation, idempotencyKey, isReplayed } = presented
    // After a replay, the own client of the session can be the one whose token counts as reuse.
    if (isReplayed || replayed.has(sid) || newestHeld.get(sid) !== generation) return
    const firstUseMs = usedAtMs(presented) ?? dbNowMs
    // The facts were read before a fail-over, and the token has rotated again since.
    if (firstUseMs > dbNowMs) return
    const isRetry = idempotencyKey !== null || dbNowMs < firstUseMs + retryWindowMs
    if (isRetry)
      fail(`HONEST: ${sid} ended for reuse, but its own client retried its newest token, generation ${generation}`)
  }
  const checkSignedOut = ({ sid, generation, isReplayed }: RefreshToken) => {
    if (isReplayed || replayed.has(sid) || newestHeld.get(sid) !== generation) return
    fail(`HONEST: ${sid} is active, but its own client is refused with its newest token, generation ${generation}`)
  }
  const checkRetry = (presented: RefreshToken, { dbNowMs, retryWindowMs }: ExplainedRenewal) => {
    if (!presented.isReplayed) return
    const { sid, generation } = presented
    const firstUseMs = keptRotatedAt.get(`${sid}:${generation}`) ?? (hasLost ? dbNowMs : Number.NEGATIVE_INFINITY)
    const successorUseMs = keptRotatedAt.get(`${sid}:${generation + 1}`) ?? Number.POSITIVE_INFINITY
    const isUsedUp = dbNowMs >= firstUseMs + retryWindowMs || dbNowMs > successorUseMs
    if (isUsedUp)
      fail(`REUSE: ${presented.sid} generation ${presented.generation} was replayed after its window and gets a token`)
  }
  return {
    presented: ({ sid, generation }) => newestHeld.set(sid, generation),
    rotated: (presented, dbNowMs) => {
      if (presented.isReplayed) replayed.add(presented.sid)
      for (const map of [rotatedAt, keptRotatedAt]) map.set(`${presented.sid}:${presented.generation}`, dbNowMs)
    },
    explained: (presented, explained) => {
      if (presented.isReplayed) replayed.add(presented.sid)
      if (explained.explanation.kind === 'reuse') checkReuse(presented, explained)
      if (explained.explanation.kind === 'retry') checkRetry(presented, explained)
      if (explained.explanation.kind === 'reject' && explained.isActive) checkSignedOut(presented)
    },
    forget: () => {
      hasLost = true
      keptRotatedAt = new Map()
    },
  }
}
