/** The fake of `/testing` and the real auth service give the same answers to the same calls. */
import { systemOf } from '@gatehouse/e2e'
import t from 'tap'
import { createTestAuth } from '../src/testing.ts'
import { ada } from './helpers/tab.ts'

interface StepResult {
  step: string
  status: number
  code?: string
  action?: string
  /** Names of the fields of the body. */
  fields: string[]
}

/** Each call of a session's life, with the refusals of log-in, renewal, sign-out and a guarded route. */
async function life(url: string, send: typeof fetch): Promise<StepResult[]> {
  const results: StepResult[] = []
  const tokens: Record<string, string>[] = []

  async function call(step: string, method: string, path: string, { body, token, key }: Call = {}) {
    const response = await send(url + path, {
      method,
      headers: {
        ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...(key && { 'idempotency-key': key }),
      },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    })
    const answer = response.status === 204 ? {} : await response.json()
    const isMe = path === '/me' && response.ok
    const { code, action } = answer
    results.push({
      step,
      status: response.status,
      ...(code && { code, action }),
      fields: isMe ? [] : Object.keys(answer).sort(),
    })
    if (answer.refreshToken) tokens.push(answer)
    return answer
  }
  const renew = (step: string, refreshToken?: string, key?: string) =>
    call(step, 'POST', '/session/renew', { body: { refreshToken }, ...(key && { key }) })
  const login = { ...ada, transport: 'body' }

  await call('wrong password', 'POST', '/session', { body: { ...login, password: 'wrong' } })
  const first = await call('log in', 'POST', '/session', { body: login })
  await renew('no refresh token')
  await renew('an invented refresh token', 'ghr_x')
  const second = await renew('renew', first.refreshToken, 'key-of-the-first')
  const again = await renew('the same renewal again', first.refreshToken, 'key-of-the-first')
  t.equal(again.refreshToken, second.refreshToken, 'the same successor')
  const third = await renew('renew the successor', second.refreshToken)
  await call('no access token', 'GET', '/me')
  await call('an invented access token', 'GET', '/me', { token: 'x.y.z' })
  await call('a guarded route', 'GET', '/me', { token: third.accessToken })
  const path = '/session/reauthenticate'
  await call('a wrong password within the session', 'POST', path, { token: third.accessToken, body: { password: 'x' } })
  const confirmed = await call('the password within the session', 'POST', path, {
    token: third.accessToken,
    body: { password: ada.password },
  })
  await call('the confirmed token', 'GET', '/me', { token: confirmed.accessToken })
  await renew('a token two generations old', first.refreshToken)
  await renew('the session has ended', third.refreshToken)
  await call('its access token', 'GET', '/me', { token: third.accessToken })

  const next = await call('log in again', 'POST', '/session', { body: login })
  for (const step of ['sign out', 'sign out again']) {
    await call(step, 'DELETE', '/session', { body: { refreshToken: next.refreshToken } })
  }
  await renew('after sign-out', next.refreshToken)
  await call('sign out with an invented token', 'DELETE', '/session', { body: { refreshToken: 'ghr_x' } })
  return results
}

interface Call {
  body?: object
  token?: string
  key?: string
}

t.test('statuses, codes, actions and fields are those of the real service', async t => {
  const system = await systemOf(t)
  await system.createAccount(ada.email)
  const real = await life(system.issuer, fetch)
  const fake = createTestAuth({ accounts: [ada] })
  t.same(await life(fake.url, fake.fetch), real)
  t.equal(real.length, 21)
})
