/** The whole story as requests: log in, call, renew, be thrown out. Each step says what it expects. */
import type { Credentials, Login } from './secrets.ts'

export interface Step {
  /** What happens, in a sentence. */
  says: string
  expects: { status: number; code?: string }
  method: string
  url: string
  body?: Record<string, unknown>
  token?: string
}

export interface Answered {
  status: number
  headers: Headers
  body: Record<string, unknown> | null
}

export interface Guide {
  /** A heading of the story. */
  scene: (title: string) => void
  /** Makes the request, shows both sides, and stops the tour when the answer is another. */
  show: (step: Step) => Promise<Answered>
  /** Waits for something that takes time. */
  wait: (ms: number, why: string) => Promise<void>
}

interface Tokens {
  accessToken: string
  refreshToken: string
}

/** @param person a fresh session each time, so that the tour can be taken again */
export async function tour(
  { scene, show, wait }: Guide,
  { authUrl, resourceUrl, admin, person }: Credentials,
): Promise<void> {
  const login = async (who: Login, says: string): Promise<Tokens> => {
    const body = { ...who, transport: 'body', device: 'the tour' }
    const answer = await show({ says, expects: { status: 201 }, method: 'POST', url: `${authUrl}/session`, body })
    return answer.body as unknown as Tokens
  }
  const get = (url: string, token: string | undefined, step: Pick<Step, 'says' | 'expects'>) =>
    show({ ...step, method: 'GET', url, ...(token === undefined ? {} : { token }) })
  const renew = (refreshToken: string, step: Pick<Step, 'says' | 'expects'>) =>
    show({ ...step, method: 'POST', url: `${authUrl}/session/renew`, body: { refreshToken } })
  const act = (path: string, token: string, says: string) =>
    show({
      says,
      expects: { status: 200 },
      method: 'POST',
      url: `${authUrl}/admin/${path}`,
      token,
      body: { reason: 'the tour' },
    })

  scene('No badge, no entry')
  await get(`${resourceUrl}/storage`, undefined, {
    says: 'Without a token: who are you?',
    expects: { status: 401, code: 'token-missing' },
  })

  scene('Badge, but no clearance')
  const first = await login(person, 'An ordinary person logs in.')
  await get(`${resourceUrl}/storage`, first.accessToken, {
    says: 'The storage takes any badge.',
    expects: { status: 200 },
  })
  await get(`${resourceUrl}/storage/restricted`, first.accessToken, {
    says: 'The restricted part wants a scope. The session goes on: this is a 403, not a 401.',
    expects: { status: 403, code: 'insufficient-scope' },
  })
  const { body: me } = await get(`${authUrl}/me`, first.accessToken, {
    says: 'Who the badge says I am.',
    expects: { status: 200 },
  })

  scene('The token expires: renew, and go on')
  // The services allow clocks to differ by five seconds.
  await wait((lifetimeSeconds(first.accessToken) + 6) * 1000, 'the access token to expire')
  await get(`${resourceUrl}/storage`, first.accessToken, {
    says: 'Expired: renew.',
    expects: { status: 401, code: 'token-expired' },
  })
  const renewed = await renew(first.refreshToken, {
    says: 'The refresh token gets a new pair.',
    expects: { status: 200 },
  })
  const second = renewed.body as unknown as Tokens
  await renew(first.refreshToken, {
    says: 'The answer was lost? The retry gets the same successor: nobody is signed out.',
    expects: { status: 200 },
  })
  await get(`${resourceUrl}/storage`, second.accessToken, { says: 'And on it goes.', expects: { status: 200 } })

  scene('A session is revoked: log in again')
  const boss = await login(admin, 'The admin logs in.')
  await act(
    `users/${String(me?.['id'])}/sessions/end`,
    boss.accessToken,
    '"My laptop was stolen": sign out everywhere. When this returns, it is in force.',
  )
  await get(`${resourceUrl}/storage`, second.accessToken, {
    says: 'No resource service takes the token any more, though it has not expired.',
    expects: { status: 401, code: 'session-ended' },
  })
  await renew(second.refreshToken, { says: 'Nor can it be renewed.', expects: { status: 401, code: 'session-ended' } })
  const third = await login(person, 'The person may log in again.')

  scene('An account is disabled: thrown out')
  await act(`users/${String(me?.['id'])}/disable`, boss.accessToken, 'The admin disables the account.')
  await get(`${resourceUrl}/storage`, third.accessToken, {
    says: 'The token is fine, the account is not.',
    expects: { status: 403, code: 'account-disabled' },
  })
  await renew(third.refreshToken, {
    says: 'The long-lived token was revoked.',
    expects: { status: 401, code: 'session-ended' },
  })
  await show({
    says: 'And at the door: kicked out.',
    expects: { status: 403, code: 'account-disabled' },
    method: 'POST',
    url: `${authUrl}/session`,
    body: { ...person, transport: 'body' },
  })
  await act(`users/${String(me?.['id'])}/enable`, boss.accessToken, 'The admin enables it again.')
  await get(`${resourceUrl}/storage`, third.accessToken, {
    says: 'Tokens from before stay refused.',
    expects: { status: 401, code: 'session-ended' },
  })
  await login(person, 'A new log-in is welcome.')
}

/** How long a token is good, by its own word. */
function lifetimeSeconds(accessToken: string): number {
  const payload = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as {
    exp: number
    iat: number
  }
  return payload.exp - payload.iat
}
