/** Logs refusals that are the service's fault, limited in rate. */
import { type Clock, systemClock } from '@gatehouse/clock'
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'
import type { FastifyBaseLogger } from 'fastify'

export interface LoggedFailure {
  code: ProblemCode
  /** The error that was thrown, before it became a problem. */
  cause: unknown
}

/** At most one line for each code in this time; the next line says how many were suppressed. */
const periodMs = 10_000

/**
 * A client cannot repair a status of 500 or more, so the operator must see its cause. A full disk
 * can refuse thousands of requests in a second, so the number of lines is limited.
 * @returns a function that logs the refusal at `warn` if its status is 500 or more; false when it
 *   is not
 */
export function createFailureLog(clock: Pick<Clock, 'nowMs'> = systemClock) {
  const byCode = new Map<ProblemCode, { loggedAtMs: number; suppressed: number }>()

  return (log: FastifyBaseLogger, { code, cause }: LoggedFailure): boolean => {
    if (problemDefinition(code).status < 500) return false
    const last = byCode.get(code)
    const nowMs = clock.nowMs()
    if (last !== undefined && nowMs - last.loggedAtMs < periodMs) {
      last.suppressed += 1
      return true
    }
    byCode.set(code, { loggedAtMs: nowMs, suppressed: 0 })
    log.warn({ code, err: cause, suppressed: last?.suppressed ?? 0 }, 'the service could not answer a request')
    return true
  }
}
