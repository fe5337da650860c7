/** Sends a POST whose body pauses in the middle; stamps its start, its last byte and its end. */
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { systemClock } from '@gatehouse/clock'
import { resultOf, type TimedResponse } from './timedRequest.ts'

export interface SlowOptions {
  port: number
  path: string
  token?: string
  headers?: Record<string, string>
  body: object
  /** How long the body pauses after its first byte, in milliseconds. */
  pauseMs: number
  timeoutMs: number
}

export interface SlowResponse extends TimedResponse {
  sentMs: number
}

/** Never throws: a missing answer is `no-answer`. The answer may precede the end of the body. */
export async function slowRequest(options: SlowOptions): Promise<SlowResponse> {
  const stamps = { startMs: systemClock.nowMs(), sentMs: Number.POSITIVE_INFINITY }
  const answer = await send(options, stamps).catch(() => undefined)
  const endMs = systemClock.nowMs()
  const sentMs = Math.min(stamps.sentMs, endMs)
  if (answer === undefined) return { ...stamps, sentMs, endMs, result: 'no-answer', status: null, body: null }
  return { ...stamps, sentMs, endMs, result: resultOf(answer), ...answer }
}

async function send(
  { port, path, token, headers = {}, body, pauseMs, timeoutMs }: SlowOptions,
  stamps: { sentMs: number },
): Promise<{ status: number; body: unknown }> {
  const content = JSON.stringify(body)
  const answered = new AbortController()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        agent: false,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(content),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        signal: AbortSignal.timeout(timeoutMs),
      },
      resolve,
    )
    outgoing.on('error', reject).on('response', () => answered.abort())
    outgoing.write(content.slice(0, 1))
    systemClock.sleep(pauseMs, answered.signal).then(
      () => {
        stamps.sentMs = systemClock.nowMs()
        outgoing.end(content.slice(1))
      },
      () => outgoing.destroy(),
    )
  })
  const received = await text(response)
  return { status: response.statusCode ?? 0, body: received === '' ? null : JSON.parse(received) }
}
