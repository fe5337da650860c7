/** The tour as a list of requests: log in, call, renew, end the session, disable the account. */
import type { Credentials, Login } from './secrets.ts'

export interface TourStep {
  /** What the request shows, in one sentence. */
  description: string
  expects: { status: number; code?: string }
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

type Expectation = Pick<TourStep, 'description' | 'expects'>

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
    const { body: tokens } = await request({ description, expects: { status: 201 }, method: 'POST', url, body })
    return tokens as unknown as Tokens
  }
  const get = (url: string, token: string | undefined, step: Expectation) =>
    request({ ...step, method: 'GET', url, ...(token === undefined ? {} : { token }) })
  const renew = (refreshToken: string, step: Expectation) =>
    request({ ...step, method: 'POST', url: `${authUrl}/session/renew`, body: { refreshToken } })
  const adminCall = (path: string, token: string, description: string) =>
    request({
      description,
      expects: { status: 200 },
      method: 'POST',
      url: `${authUrl}/admin/${path}`,
      token,
      body: { reason: 'the tour' },
    })

  section('A request without a token')
  await get(`${resourceUrl}/storage`, undefined, {
    description: 'A request without a token is refused.',
    expects: { status: 401, code: 'token-missing' },
  })

  section('A user logs in; a scope is missing')
  const first = await login(user, 'A user logs in.')
  await get(`${resourceUrl}/storage`, first.accessToken, {
    description: 'The storage accepts any valid token.',
    expects: { status: 200 },
  })
  await get(`${resourceUrl}/storage/restricted`, first.accessToken, {
    description: 'The restricted part requires a scope. A 403 leaves the session as it is.',
    expects: { status: 403, code: 'insufficient-scope' },
  })
  const { body: me } = await get(`${authUrl}/me`, first.accessToken, {
    description: 'The account that the token belongs to.',
    expects: { status: 200 },
  })

  section('The access token expires: renew')
  // The services tolerate a clock difference of five seconds.
  await wait((lifetimeSeconds(first.accessToken) + 6) * 1000, 'the access token to expire')
  await get(`${resourceUrl}/storage`, first.accessToken, {
    description: 'The token has expired; the action is renew.',
    expects: { status: 401, code: 'token-expired' },
  })
  const renewed = await renew(first.refreshToken, {
    description: 'The refresh token is exchanged for a new pair of tokens.',
    expects: { status: 200 },
  })
  const second = renewed.body as unknown as Tokens
  await renew(first.refreshToken, {
    description: 'A retry, as after a lost answer, gets the same successor.',
    expects: { status: 200 },
  })
  await get(`${resourceUrl}/storage`, second.accessToken, {
    description: 'The new access token is accepted.',
    expects: { status: 200 },
  })

  section('A session is revoked: log in again')
  const adminTokens = await login(admin, 'The admin logs in.')
  await adminCall(
    `users/${String(me?.['id'])}/sessions/end`,
    adminTokens.accessToken,
    'The admin ends all sessions of the user. When the call returns, the revocation is in force.',
  )
  await get(`${resourceUrl}/storage`, second.accessToken, {
    description: 'Every resource service refuses the token, although it has not expired.',
    expects: { status: 401, code: 'session-ended' },
  })
  await renew(second.refreshToken, {
    description: 'The refresh token is refused too.',
    expects: { status: 401, code: 'session-ended' },
  })
  const third = await login(user, 'The user may log in again.')

  section('An account is disabled: no log-in')
  await adminCall(`users/${String(me?.['id'])}/disable`, adminTokens.accessToken, 'The admin disables the account.')
  await get(`${resourceUrl}/storage`, third.accessToken, {
    description: 'The token is valid, the account is disabled.',
    expects: { status: 403, code: 'account-disabled' },
  })
  await renew(third.refreshToken, {
    description: 'The refresh token has been revoked.',
    expects: { status: 401, code: 'session-ended' },
  })
  await request({
    description: 'A log-in with the correct password is refused.',
    expects: { status: 403, code: 'account-disabled' },
    method: 'POST',
    url: `${authUrl}/session`,
    body: { ...user, transport: 'body' },
  })
  await adminCall(`users/${String(me?.['id'])}/enable`, adminTokens.accessToken, 'The admin enables the account.')
  await get(`${resourceUrl}/storage`, third.accessToken, {
    description: 'Earlier tokens stay refused.',
    expects: { status: 401, code: 'session-ended' },
  })
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
