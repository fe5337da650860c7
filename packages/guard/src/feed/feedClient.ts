/** Speaks to the feed of the auth service: one poll or one farewell, over HTTP, within limits. */
import type { Clock } from '@gatehouse/clock'
import { type PollRequest, PollResponse } from '@gatehouse/contract'
import { Compile } from 'typebox/schema'
import { type HttpResponse, httpClient, TimeoutError } from './httpClient.ts'

export interface FeedOptions {
  clock: Clock
  clientId: string
  clientSecret: string
  /** Longer than the feed holds a poll. */
  pollTimeoutMs: number
}

/** What became of a poll. `client-invalid` and `feed-changed` are the feed's own words. */
export type PollResult =
  | { kind: 'answered'; response: PollResponse }
  | { kind: 'client-invalid' }
  | { kind: 'feed-changed' }
  | { kind: 'failed' | 'timed-out'; why: string }

export interface FeedClient {
  poll(authUrl: string, request: PollRequest, signal: AbortSignal): Promise<PollResult>
  /** Takes the guard's row away, so that no revocation waits for it. Best effort. */
  leave(authUrl: string, guard: string): Promise<boolean>
}

/** Several times the largest page of two thousand entries. */
const maxBytes = 2_097_152
const leaveTimeoutMs = 1000

export function createFeedClient({ clock, clientId, clientSecret, pollTimeoutMs }: FeedOptions): FeedClient {
  const responseSchema = Compile(PollResponse)
  // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':')
  const headers = {
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    'content-type': 'application/json',
    accept: 'application/json',
  }

  function parseResponse({ status, text }: HttpResponse): PollResult {
    if (status === 401) return { kind: 'client-invalid' }
    if (status === 409) return { kind: 'feed-changed' }
    if (status !== 200) return { kind: 'failed', why: `it answered ${status}` }
    const body: unknown = JSON.parse(text)
    return responseSchema.Check(body)
      ? { kind: 'answered', response: body }
      : { kind: 'failed', why: 'not an answer of a feed' }
  }

  return {
    async poll(authUrl, request, signal) {
      const body = JSON.stringify(request)
      const httpRequest = { url: `${authUrl}/guards/poll`, method: 'POST' as const, headers, body, signal }
      try {
        return parseResponse(await httpClient(clock, { ...httpRequest, timeoutMs: pollTimeoutMs, maxBytes }))
      } catch (error) {
        return { kind: error instanceof TimeoutError ? 'timed-out' : 'failed', why: describeError(error) }
      }
    },
    async leave(authUrl, guard) {
      const httpRequest = { url: `${authUrl}/guards/leave`, method: 'POST' as const, headers }
      const body = JSON.stringify({ guard })
      try {
        const { status } = await httpClient(clock, { ...httpRequest, body, timeoutMs: leaveTimeoutMs, maxBytes })
        return status < 300
      } catch {
        return false
      }
    },
  }
}

/** Where a name has several addresses and none answers, the error has a code and no message. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || (error as NodeJS.ErrnoException).code || error.name
}
