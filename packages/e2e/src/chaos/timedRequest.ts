/** Asks a question over HTTP and stamps it: what was told, or that there was no answer. */

import { systemClock } from '@gatehouse/clock'
import { type Call, type CallOptions, codeOf, type HttpResponse } from '@gatehouse/testkit'
import type { Span, Told } from './history.ts'

export interface Asked extends Span {
  told: Told
  /** Null when there was no answer. */
  status: number | null
  body: unknown
}

/** Never throws: no answer is an outcome too. */
export async function ask(call: Call, path: string, options: CallOptions & { timeoutMs: number }): Promise<Asked> {
  const startMs = systemClock.nowMs()
  const answer = await call(path, options).catch(() => undefined)
  const { status = null, body = null } = answer ?? {}
  return { startMs, endMs: systemClock.nowMs(), told: answer ? toldBy(answer) : 'no-answer', status, body }
}

function toldBy(answer: HttpResponse): Told {
  return answer.status < 300 ? 'ok' : (codeOf(answer) ?? `status ${answer.status}`)
}
