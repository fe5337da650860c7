/** The true history of renewals, and what may never be said of one. */
import type { RotationDecision } from '../src/index.ts'
import type { RefreshToken } from './sessions.ts'

export interface Renewals {
  /** A client is about to present it, and holds nothing newer. */
  presented: (token: RefreshToken) => void
  rotated: (presented: RefreshToken, dbNowMs: number) => void
  explained: (presented: RefreshToken, said: ExplainedRenewal) => void
  /** The database went back in time, so its past is not what was seen. */
  forget: () => void
}

export interface ExplainedRenewal {
  explanation: RotationDecision
  dbNowMs: number
  retryWindowMs: number
}

/** @param fail told what went wrong */
export function createRenewals(fail: (what: string) => void): Renewals {
  const rotatedAt = new Map<string, number>()
  const newestHeld = new Map<string, number>()
  const replayed = new Set<string>()
  let isKnown = true

  const usedAtMs = ({ sid }: RefreshToken, generation: number) => rotatedAt.get(`${sid}:${generation}`)

  const checkReuse = (presented: RefreshToken, { dbNowMs, retryWindowMs }: ExplainedRenewal) => {
    const { sid, generation, idempotencyKey, isReplayed } = presented
    // Where a thief was, the honest one may be the one that is noticed.
    if (isReplayed || replayed.has(sid) || newestHeld.get(sid) !== generation) return
    const firstUseMs = usedAtMs(presented, generation) ?? dbNowMs
    const isRetry = idempotencyKey !== null || dbNowMs < firstUseMs + retryWindowMs
    if (isRetry)
      fail(`HONEST: ${sid} is called stolen, but its own client retries its newest token, generation ${generation}`)
  }
  const checkRetry = (presented: RefreshToken, { dbNowMs, retryWindowMs }: ExplainedRenewal) => {
    if (!presented.isReplayed) return
    const firstUseMs = usedAtMs(presented, presented.generation) ?? Number.NEGATIVE_INFINITY
    const successorUseMs = usedAtMs(presented, presented.generation + 1) ?? Number.POSITIVE_INFINITY
    const isUsedUp = dbNowMs >= firstUseMs + retryWindowMs || dbNowMs > successorUseMs
    if (isUsedUp) fail(`THIEF: ${presented.sid} generation ${presented.generation} was used up, and yet gets a token`)
  }
  return {
    presented: ({ sid, generation }) => newestHeld.set(sid, generation),
    rotated: (presented, dbNowMs) => {
      if (presented.isReplayed) replayed.add(presented.sid)
      rotatedAt.set(`${presented.sid}:${presented.generation}`, dbNowMs)
    },
    explained: (presented, explained) => {
      if (!isKnown) return
      if (presented.isReplayed) replayed.add(presented.sid)
      if (explained.explanation.kind === 'reuse') checkReuse(presented, explained)
      if (explained.explanation.kind === 'retry') checkRetry(presented, explained)
    },
    forget: () => {
      isKnown = false
    },
  }
}
