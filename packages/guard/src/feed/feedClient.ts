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
export type Polled =
  | { kind: 'answered'; answer: PollResponse }
  | { kind: 'client-invalid' }
  | { kind: 'feed-changed' }
  | { kind: 'failed' | 'timed-out'; why: string }

export interface FeedClient {
  poll(authUrl: string, request: PollRequest, signal: AbortSignal): Promise<Polled>
  /** Takes the guard's row away, so that no revocation waits for it. Best effort. */
  leave(authUrl: string, guard: string): Promise<boolean>
}

/** Several times the largest page of two thousand entries. */
const maxBytes = 2_097_152
const leaveTimeoutMs = 1000

export function createFeedClient({ clock, clientId, clientSecret, pollTimeoutMs }: FeedOptions): FeedClient {
  const isAnswer = Compile(PollResponse)
  // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':')
  const headers = {
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    'content-type': 'application/json',
    accept: 'application/json',
  }

  function read({ status, text }: HttpResponse): Polled {
    if (status === 401) return { kind: 'client-invalid' }
    if (status === 409) return { kind: 'feed-changed' }
    if (status !== 200) return { kind: 'failed', why: `it answered ${status}` }
    const answer: unknown = JSON.parse(text)
    return isAnswer.Check(answer) ? { kind: 'answered', answer } : { kind: 'failed', why: 'not an answer of a feed' }
  }

  return {
    async poll(authUrl, request, signal) {
      const body = JSON.stringify(request)
      const question = { url: `${authUrl}/guards/poll`, method: 'POST' as const, headers, body, signal }
      try {
        return read(await httpClient(clock, { ...question, timeoutMs: pollTimeoutMs, maxBytes }))
      } catch (error) {
        return { kind: error instanceof TimeoutError ? 'timed-out' : 'failed', why: reasonOf(error) }
      }
    },
    async leave(authUrl, guard) {
      const question = { url: `${authUrl}/guards/leave`, method: 'POST' as const, headers }
      const body = JSON.stringify({ guard })
      try {
        const { status } = await httpClient(clock, { ...question, body, timeoutMs: leaveTimeoutMs, maxBytes })
        return status < 300
      } catch {
        return false
      }
    },
  }
}

/** Where a name has several addresses and none answers, the error has a code and no message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || (error as NodeJS.ErrnoException).code || error.name
}
