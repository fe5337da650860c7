/** The true history of renewals, and what may never be said of one. */
import type { RotationDecision } from '../src/index.ts'
import type { RefreshToken } from './sessions.ts'

export interface Renewals {
  /** A client is about to present it, and holds nothing newer. */
  held: (presented: RefreshToken) => void
  rotated: (presented: RefreshToken, dbNowMs: number) => void
  explained: (presented: RefreshToken, said: Said) => void
  /** The database went back in time, so its past is not what was seen. */
  forget: () => void
}

export interface Said {
  explanation: RotationDecision
  dbNowMs: number
  retryWindowMs: number
}

/** @param fail told what went wrong */
export function createRenewals(fail: (what: string) => void): Renewals {
  const rotatedAt = new Map<string, number>()
  const held = new Map<string, number>()
  const touched = new Set<string>()
  let isKnown = true

  const usedAtMs = ({ sid }: RefreshToken, generation: number) => rotatedAt.get(`${sid}:${generation}`)

  const accused = (presented: RefreshToken, { dbNowMs, retryWindowMs }: Said) => {
    const { sid, generation, attempt, isStolen } = presented
    // Where a thief was, the honest one may be the one that is noticed.
    if (isStolen || touched.has(sid) || held.get(sid) !== generation) return
    const firstUseMs = usedAtMs(presented, generation) ?? dbNowMs
    const isRetry = attempt !== null || dbNowMs < firstUseMs + retryWindowMs
    if (isRetry)
      fail(`HONEST: ${sid} is called stolen, but its own client retries its newest token, generation ${generation}`)
  }
  const repeated = (presented: RefreshToken, { dbNowMs, retryWindowMs }: Said) => {
    if (!presented.isStolen) return
    const firstUseMs = usedAtMs(presented, presented.generation) ?? Number.NEGATIVE_INFINITY
    const successorUseMs = usedAtMs(presented, presented.generation + 1) ?? Number.POSITIVE_INFINITY
    const isUsedUp = dbNowMs >= firstUseMs + retryWindowMs || dbNowMs > successorUseMs
    if (isUsedUp) fail(`THIEF: ${presented.sid} generation ${presented.generation} was used up, and yet gets a token`)
  }
  return {
    held: ({ sid, generation }) => held.set(sid, generation),
    rotated: (presented, dbNowMs) => {
      if (presented.isStolen) touched.add(presented.sid)
      rotatedAt.set(`${presented.sid}:${presented.generation}`, dbNowMs)
    },
    explained: (presented, said) => {
      if (!isKnown) return
      if (presented.isStolen) touched.add(presented.sid)
      if (said.explanation.kind === 'theft') accused(presented, said)
      if (said.explanation.kind === 'repeat') repeated(presented, said)
    },
    forget: () => {
      isKnown = false
    },
  }
}
