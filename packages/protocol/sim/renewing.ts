/** Renewal as a replica does it: rotate, and explain when nothing rotated. */
import type { RotationDecision } from '../src/index.ts'
import type { Statement } from './database.ts'
import type { Replica } from './replica.ts'
import { type Facts, type Lifetimes, type RefreshToken, readFacts, rotate } from './sessions.ts'
import type { Token } from './tables.ts'
import type { World } from './world.ts'

export type Renewed = Token | RotationDecision

export interface Renewing {
  renew: (replica: Replica, presented: RefreshToken, then: (renewed: Renewed) => void) => void
  /** A token comes into the world, or a stolen session ends. */
  obey: (replica: Replica, presented: RefreshToken, renewed: Renewed) => void
}

export function createRenewing(stage: World, lifetimes: Lifetimes): Renewing {
  const { database, rules, scale, checker, trace } = stage
  const { renewals } = checker

  const renew: Renewing['renew'] = (replica, presented, then) => {
    const { process } = replica
    const rotateNow: Statement<Token | null> = (tables, dbNowMs) => {
      const token = rotate(presented, lifetimes)(tables, dbNowMs)
      if (token !== null) renewals.rotated(presented, dbNowMs)
      return token
    }
    database.query(process, rotateNow, token => {
      if (token === undefined) return
      if (token !== null) return then(token)
      database.query(process, readFacts(presented, lifetimes), found => {
        if (found !== undefined) then(explain(presented, found))
      })
    })
  }
  const explain = (presented: RefreshToken, { facts, token }: Facts): Renewed => {
    const explanation = rules.explainRotation(facts, scale.retryWindowMs)
    renewals.explained(presented, { explanation, dbNowMs: facts.dbNowMs, retryWindowMs: scale.retryWindowMs })
    trace('renewal', () => `${presented.sid} generation ${presented.generation} is ${JSON.stringify(explanation)}`)
    return explanation.kind === 'repeat' && token !== null ? token : explanation
  }
  const obey: Renewing['obey'] = (replica, { sid }, renewed) => {
    if (!('kind' in renewed)) checker.minted(renewed)
    else if (renewed.kind === 'theft') replica.revoke({ kind: 'session', sid })
  }
  return { renew, obey }
}
