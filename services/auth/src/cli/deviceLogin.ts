/** Logs the command line in with a code that the user approves in a browser (RFC 8628). */
import type { Clock } from '@gatehouse/clock'
import { ApiError, problemOf, RefusedError, send } from './api.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
/** The service permits it with PUBLIC_CLIENTS. */
const clientId = 'gatehouse-cli'

export interface DeviceLogin {
  url: string
  clock: Clock
  /** Shows where the user enters which code. */
  show: (text: string) => void
}

interface Authorization {
  device_code: string
  user_code: string
  verification_uri: string
  expires_in: number
  interval?: number
}

export interface DeviceTokens {
  access_token: string
  refresh_token: string
}

/** @throws RefusedError, ApiError */
export async function logInByDevice({ url, clock, show }: DeviceLogin): Promise<DeviceTokens> {
  const begun = await post(`${url}/oauth/device_authorization`, { client_id: clientId })
  if ('error' in begun) throw new RefusedError(sentenceOf(begun))
  const { device_code, user_code, verification_uri, expires_in, interval = 5 } = begun as unknown as Authorization
  const minutes = Math.round(expires_in / 60)
  show(`Open ${verification_uri} and enter the code ${user_code}. It is valid for ${minutes} minutes.`)
  const untilMs = clock.nowMs() + expires_in * 1000
  let waitMs = interval * 1000
  while (clock.nowMs() + waitMs < untilMs) {
    await clock.sleep(waitMs)
    const form = { grant_type: grantType, device_code, client_id: clientId }
    // Section 3.5: a poll without an answer makes the interval longer, as `slow_down` does.
    const answer = await post(`${url}/oauth/token`, form).catch(error => {
      if (error instanceof ApiError) return { error: 'slow_down' }
      throw error
    })
    if (!('error' in answer)) return answer as unknown as DeviceTokens
    if (answer['error'] === 'slow_down') waitMs += 5000
    else if (answer['error'] !== 'authorization_pending') throw new RefusedError(sentenceOf(answer))
  }
  throw new RefusedError(sentenceOf({ error: 'expired_token' }))
}

/** @throws ApiError for an answer that is neither tokens nor an error of RFC 6749 */
async function post(url: string, form: Record<string, string>): Promise<Record<string, unknown>> {
  const response = await send(url, { method: 'POST', form })
  if (response.status >= 500 || response.status === 429) throw await problemOf(response)
  const body: unknown = await response.json().catch(() => null)
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  throw new ApiError(`the service answered ${response.status} without JSON`)
}

const sentences: Readonly<Record<string, string>> = {
  access_denied: 'The log-in was denied, or the session that approved it has ended.',
  expired_token: 'The code was not approved in time. Run the command again for a new one.',
  invalid_client: `The service permits no log-in by code: PUBLIC_CLIENTS must list ${clientId}.`,
}

function sentenceOf({ error, error_description: description }: Record<string, unknown>): string {
  return sentences[String(error)] ?? `The log-in was refused: ${error} ${description ?? ''}`
}
