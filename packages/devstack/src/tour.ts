/** The tour as a list of requests: log in, call, renew, end the session, disable the account. */
import type { Credentials, Login } from './secrets.ts'

export interface TourStep {
  /** What the request shows, in one sentence. */
  description: string
  /** The status, and the code of the problem: `401 token-expired`. */
  expects: string
  method: string
  url: string
  body?: Record<string, unknown>
  token?: string
}

export interface TourResponse {
  status: number
  headers: Headers
  body: Record<string, unknown> | null
}

export interface TourGuide {
  /** Prints the heading of a section. */
  section: (title: string) => void
  /**
   * Sends the request and prints it with its answer. @throws Error when the answer is not the
   * expected one
   */
  request: (step: TourStep) => Promise<TourResponse>
  /** Waits, and prints why. */
  wait: (ms: number, why: string) => Promise<void>
}

/** `start` issues access tokens for 30 seconds, unless ACCESS_TOKEN_SECONDS is set. */
const longestWaitSeconds = 60

/** The status and code, and what the request shows. */
type Expectation = [expects: string, description: string]

interface Tokens {
  accessToken: string
  refreshToken: string
}

/**
 * @param credentials the user gets a new session on every run, so that the tour can be repeated
 * @throws Error at the first answer that is not the expected one
 */
export async function tour(
  { section, request, wait }: TourGuide,
  { authUrl, resourceUrl, admin, user }: Credentials,
): Promise<void> {
  const login = async (account: Login, description: string): Promise<Tokens> => {
    const body = { ...account, transport: 'body', device: 'the tour' }
    const url = `${authUrl}/session`
    const { body: tokens } = await request({ description, expects: '201', method: 'POST', url, body })
    return tokens as unknown as Tokens
  }
  /** @param path of the resource service */
  const get = (path: string, token: string, [expects, description]: Expectation) =>
    request({ description, expects, method: 'GET', url: `${resourceUrl}${path}`, ...(token && { token }) })
  const renew = (refreshToken: string, [expects, description]: Expectation) =>
    request({ description, expects, method: 'POST', url: `${authUrl}/session/renew`, body: { refreshToken } })
  const act = (path: string, token: string, description: string) => {
    const url = `${authUrl}/admin/users/${path}`
    return request({ description, expects: '200', method: 'POST', url, token, body: { reason: 'the tour' } })
  }

  section('A request without a token')
  await get('/storage', '', ['401 token-missing', 'A request without a token is refused.'])

  section('A user logs in; a scope is missing')
  const first = await login(user, 'A user logs in.')
  await get('/storage', first.accessToken, ['200', 'The storage accepts any valid token.'])
  const missing = 'The restricted part requires a scope. A 403 leaves the session as it is.'
  await get('/storage/restricted', first.accessToken, ['403 insufficient-scope', missing])
  const description = 'The account that the token belongs to.'
  const me = await request({
    description,
    expects: '200',
    method: 'GET',
    url: `${authUrl}/me`,
    token: first.accessToken,
  })
  const id = String(me.body?.['id'])

  const lifetime = lifetimeSeconds(first.accessToken)
  if (lifetime > longestWaitSeconds) section(`Renew (access tokens live ${lifetime} s: the tour does not wait)`)
  else {
    section('The access token expires: renew')
    // The services tolerate a clock difference of five seconds.
    await wait((lifetime + 6) * 1000, 'the access token to expire')
    await get('/storage', first.accessToken, ['401 token-expired', 'The token has expired; the action is renew.'])
  }
  const exchanged = 'The refresh token is exchanged for a new pair of tokens.'
  const second = (await renew(first.refreshToken, ['200', exchanged])).body as unknown as Tokens
  await renew(first.refreshToken, ['200', 'A retry, as after a lost answer, gets the same successor.'])
  await get('/storage', second.accessToken, ['200', 'The new access token is accepted.'])

  section('A session is revoked: log in again')
  const { accessToken: adminToken } = await login(admin, 'The admin logs in.')
  const inForce = 'The admin ends all sessions of the user. When the call returns, the revocation is in force.'
  await act(`${id}/sessions/end`, adminToken, inForce)
  const refused = 'Every resource service refuses the token, although it has not expired.'
  await get('/storage', second.accessToken, ['401 session-ended', refused])
  await renew(second.refreshToken, ['401 session-ended', 'The refresh token is refused too.'])
  const third = await login(user, 'The user may log in again.')

  section('An account is disabled: no log-in')
  await act(`${id}/disable`, adminToken, 'The admin disables the account.')
  await get('/storage', third.accessToken, ['403 account-disabled', 'The token is valid, the account is disabled.'])
  await renew(third.refreshToken, ['401 session-ended', 'The refresh token has been revoked.'])
  await request({
    description: 'A log-in with the correct password is refused.',
    expects: '403 account-disabled',
    method: 'POST',
    url: `${authUrl}/session`,
    body: { ...user, transport: 'body' },
  })
  await act(`${id}/enable`, adminToken, 'The admin enables the account.')
  await get('/storage', third.accessToken, ['401 session-ended', 'Earlier tokens stay refused.'])
  await login(user, 'The user may log in again.')
}

/** From the token's own claims. */
function lifetimeSeconds(accessToken: string): number {
  const payload = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as {
    exp: number
    iat: number
  }
  return payload.exp - payload.iat
}
