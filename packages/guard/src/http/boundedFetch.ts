/** A request to another service that can neither take for ever nor answer without end. */
import type { Clock } from '@gatehouse/clock'

export interface Question {
  url: string
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
  timeoutMs: number
  maxBytes: number
  /** Ends it early: the process is stopping. */
  signal?: AbortSignal
}

/** What came back: any status is an answer. */
export interface Answer {
  status: number
  text: string
}

/** Thrown when there was no answer in time. */
export class TimedOut extends Error {}

/** Asks, and reads the whole answer within the limits; redirects are failures, since we know whom we asked. */
export async function boundedFetch(clock: Clock, question: Question): Promise<Answer> {
  const { url, method = 'GET', headers = {}, body, timeoutMs, maxBytes, signal } = question
  const call = new AbortController()
  const timer = new AbortController()
  const stop = () => call.abort(signal?.reason)
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  clock.sleep(timeoutMs, timer.signal).then(
    () => call.abort(new TimedOut(`no answer within ${timeoutMs} ms`)),
    () => {},
  )
  try {
    const request = { method, headers, redirect: 'error', signal: call.signal, ...(body === undefined ? {} : { body }) }
    const response = await fetch(url, request as RequestInit)
    return { status: response.status, text: await readWithin(response, maxBytes) }
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : error
  } finally {
    timer.abort(new Error('answered'))
    signal?.removeEventListener('abort', stop)
  }
}

async function readWithin(response: Response, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks).toString('utf8')
    size += value.byteLength
    if (size > maxBytes) {
      await reader.cancel()
      throw new RangeError(`the answer is larger than ${maxBytes} bytes`)
    }
    chunks.push(value)
  }
}
