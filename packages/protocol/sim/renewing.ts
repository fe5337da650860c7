/** Renews as a replica does: rotates, and explains when no row rotated. */
import type { RotationDecision } from '../src/index.ts'
import type { Statement } from './database.ts'
import type { Replica } from './replica.ts'
import { advance, type Facts, type Lifetimes, type RefreshToken, readFacts, rotate } from './sessions.ts'
import type { Token } from './tables.ts'
import type { World } from './world.ts'

export type RenewalResult = Token | RotationDecision

export interface Renewer {
  renew: (replica: Replica, presented: RefreshToken, then: (renewed: RenewalResult) => void) => void
  /** Records the new token, or ends the session after reuse. */
  handleResult: (replica: Replica, presented: RefreshToken, renewed: RenewalResult) => void
}

export function createRenewer(world: World, lifetimes: Lifetimes): Renewer {
  const { database, rules, durations, checker, trace } = world
  const { renewals } = checker

  const renew: Renewer['renew'] = (replica, presented, then) => {
    const { process } = replica
    const recorded =
      (statement: Statement<Token | null>): Statement<Token | null> =>
      (tables, dbNowMs) => {
        const token = statement(tables, dbNowMs)
        if (token !== null) renewals.rotated(presented, dbNowMs)
        return token
      }
    const advanceRow = () =>
      database.query(process, recorded(advance(presented, lifetimes)), token => {
        if (token !== undefined) then(token ?? { kind: 'locked' })
      })
    database.query(process, recorded(rotate(presented, lifetimes)), token => {
      if (token === undefined) return
      if (token !== null) return then(token)
      database.query(process, readFacts(presented, lifetimes), found => {
        if (found === undefined) return
        const explained = explain(presented, found)
        if ('kind' in explained && explained.kind === 'ahead') advanceRow()
        else then(explained)
      })
    })
  }
  const explain = (presented: RefreshToken, { facts, token }: Facts): RenewalResult => {
    const explanation = rules.explainRotation(facts, durations.retryWindowMs)
    const { dbNowMs, session, stored } = facts
    const isEnded = session === null || session.isEnded || session.isCutOff || dbNowMs >= session.expiresAtMs
    const isActive = !isEnded && stored !== null && dbNowMs < stored.idleExpiresAtMs
    renewals.explained(presented, { explanation, isActive, dbNowMs, retryWindowMs: durations.retryWindowMs })
    trace('renewal', () => `${presented.sid} generation ${presented.generation} is ${JSON.stringify(explanation)}`)
    return explanation.kind === 'retry' && token !== null ? token : explanation
  }
  const handleResult: Renewer['handleResult'] = (replica, { sid }, renewed) => {
    if (!('kind' in renewed)) checker.minted(renewed)
    else if (renewed.kind === 'reuse') replica.revoke({ kind: 'session', sid })
  }
  return { renew, handleResult }
}
