/** Sends polls to the feed of the auth service, and leaves it, within limits on time and size. */
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '@gatehouse/clock'
import { type PollRequest, PollResponse } from '@gatehouse/contract'
import { Compile } from 'typebox/schema'
import { issuerMismatch } from '../issuerMismatch.ts'
import { type HttpResponse, sendRequest, TimeoutError } from './httpClient.ts'

export interface FeedOptions {
  clock: Clock
  clientId: string
  clientSecret: string
  /** It must exceed the time for which the feed holds a poll. */
  pollTimeoutMs: number
  /** How long after `exp` this guard accepts a token, in milliseconds. */
  clockToleranceMs: number
  /** The `iss` of the tokens that this guard accepts. */
  issuer: string
}

/**
 * The settings of the guard and of the auth service contradict each other. The message is for the
 * operator.
 */
export class GuardSettingsError extends Error {
  override name = 'GuardSettingsError'
}

/** The result of a poll. `client-invalid` and `feed-changed` are problems of the feed. */
export type PollResult =
  | { kind: 'answered'; response: PollResponse }
  | { kind: 'client-invalid' }
  | { kind: 'feed-changed' }
  | { kind: 'settings-conflict'; error: GuardSettingsError }
  | { kind: 'failed' | 'timed-out'; why: string }

export interface FeedClient {
  poll(authUrl: string, request: PollRequest, signal: AbortSignal): Promise<PollResult>
  /** Deletes the guard's row, so that no revocation waits for it. @returns whether it succeeded */
  leave(authUrl: string, guard: string): Promise<boolean>
}

/** Several times the size of the largest page, which has 2,000 entries. */
const maxBytes = 2_097_152
const leaveTimeoutMs = 1000

export function createFeedClient(options: FeedOptions): FeedClient {
  const { clock, clientId, clientSecret, pollTimeoutMs, clockToleranceMs, issuer } = options
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
    if (status !== 200) return { kind: 'failed', why: `status ${status}` }
    const response: unknown = JSON.parse(text)
    if (!responseSchema.Check(response)) return { kind: 'failed', why: 'not a response of a feed' }
    if (clockToleranceMs > response.maxToleranceMs) return toleranceConflict(clockToleranceMs, response.maxToleranceMs)
    if (response.issuer !== undefined && response.issuer !== issuer) return issuerConflict(issuer, response.issuer)
    return { kind: 'answered', response }
  }

  return {
    async poll(authUrl, request, signal) {
      const pollId = randomUUID()
      const httpRequest = {
        url: `${authUrl}/guards/poll`,
        method: 'POST' as const,
        headers: { ...headers, 'poll-id': pollId },
        body: JSON.stringify(request),
        // An auth service of release 0.1.0 repeats no id.
        isResponse: ({ 'poll-id': repeated = pollId }: IncomingHttpHeaders) => repeated === pollId,
        timeoutMs: pollTimeoutMs,
        maxBytes,
        signal,
      }
      try {
        return parseResponse(await sendRequest(clock, httpRequest))
      } catch (error) {
        return { kind: error instanceof TimeoutError ? 'timed-out' : 'failed', why: describeError(error) }
      }
    },
    async leave(authUrl, guard) {
      const httpRequest = { url: `${authUrl}/guards/leave`, method: 'POST' as const, headers }
      const body = JSON.stringify({ guard })
      try {
        const { status } = await sendRequest(clock, { ...httpRequest, body, timeoutMs: leaveTimeoutMs, maxBytes })
        return status < 300
      } catch {
        return false
      }
    },
  }
}

/** Without this check every request would be refused with `token-invalid`. */
function issuerConflict(expected: string, received: string): PollResult {
  const error = new GuardSettingsError(`the auth service has another issuer: ${issuerMismatch(expected, received)}`)
  return { kind: 'settings-conflict', error }
}

function toleranceConflict(toleranceMs: number, maxToleranceMs: number): PollResult {
  const sentence =
    `CLOCK_TOLERANCE_MS is ${toleranceMs} and must not exceed ${maxToleranceMs}, which the auth service derives from ` +
    'REVOCATION_MARGIN_MS: with a larger tolerance this service could accept a revoked token after its revocation has expired.'
  return { kind: 'settings-conflict', error: new GuardSettingsError(sentence) }
}

/** When no address of a host name answers, the error has a code and no message. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || (error as NodeJS.ErrnoException).code || error.name
}
