/** Sends an HTTP request and stamps its start and end. */

import { systemClock } from '@gatehouse/clock'
import { type Call, type CallOptions, codeOf, type HttpResponse } from '@gatehouse/testkit'
import type { ResultCode, Span } from './history.ts'

export interface TimedResponse extends Span {
  result: ResultCode
  /** Null when there was no answer. */
  status: number | null
  body: unknown
}

/** Never throws: a missing answer is the result `no-answer`. */
export async function timedRequest(
  call: Call,
  path: string,
  options: CallOptions & { timeoutMs: number },
): Promise<TimedResponse> {
  const startMs = systemClock.nowMs()
  const answer = await call(path, options).catch(() => undefined)
  const { status = null, body = null } = answer ?? {}
  return { startMs, endMs: systemClock.nowMs(), result: answer ? resultOf(answer) : 'no-answer', status, body }
}

export function resultOf(answer: Pick<HttpResponse, 'status' | 'body'>): ResultCode {
  return answer.status < 300 ? 'ok' : (codeOf(answer) ?? `status ${answer.status}`)
}
