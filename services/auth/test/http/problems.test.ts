/** Provokes every problem that the auth service can return and compares it with the problem table. */
import { randomUUID } from 'node:crypto'
import type { ProblemCode } from '@gatehouse/contract'
import { freePort, type HttpResponse } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { testGuard } from '../helpers/feedGuard.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { startReplica } from '../helpers/replicas.ts'
import {
  assertProblem,
  basic,
  codes,
  logOut,
  password,
  startService,
  type TestService,
  type TestSession,
  type TestUser,
} from '../helpers/service.ts'

/** Problems that other tests provoke. */
const elsewhere: Partial<Record<ProblemCode, string>> = {
  'revocation-unknown': 'the resource service: the auth service reads revocations from the database',
  'idempotency-key-reused': 'test/admin',
  'known-device-required': 'test/rateLimits/loginLimits',
  'precondition-failed': 'test/admin',
  'precondition-required': 'test/admin',
  'confirmation-required': 'test/admin',
  'last-admin': 'test/admin',
  'reauthentication-required': 'test/login/reauthenticate',
}

interface Scene extends TestService {
  t: Test
  ada: TestUser
  session: TestSession
  sql: (statement: string, values?: unknown[]) => Promise<unknown>
  renew: (refreshToken: string) => Promise<HttpResponse>
}

const account = 'WHERE id = $1'
const logIn = ({ call, ada }: Scene) => call('/session', { body: { email: ada.email, password } })

const scenarios: Partial<Record<ProblemCode, (scene: Scene) => Promise<HttpResponse>>> = {
  'token-missing': ({ call }) => call('/me'),
  'token-expired': async ({ call, session, sql, ada }) => {
    await sql(`UPDATE accounts SET epoch = epoch + 1 ${account}`, [ada.id])
    return call('/me', { token: session.accessToken })
  },
  'token-invalid': ({ call }) => call('/me', { token: 'x.y.z' }),
  'session-ended': async ({ call, session: { refreshToken, accessToken: token } }) => {
    await logOut({ call }, refreshToken)
    return call('/me', { token })
  },
  'account-disabled': async scene => {
    await scene.sql(`UPDATE accounts SET disabled_at = now() ${account}`, [scene.ada.id])
    return logIn(scene)
  },
  'insufficient-scope': ({ call, session, ada }) =>
    call(`/admin/users/${ada.id}/disable`, { token: session.accessToken, body: {} }),
  'refresh-missing': ({ call }) => call('/session/renew', { body: {} }),
  'refresh-invalid': ({ renew }) => renew('ghr_x'),
  'session-expired': async ({ renew, ageSession, session }) => {
    await ageSession(session.sessionId, 400 * 24 * 3600)
    return renew(session.refreshToken)
  },
  'refresh-reused': async ({ renew, ageSession, session }) => {
    await renew(session.refreshToken)
    await ageSession(session.sessionId, 3600)
    return renew(session.refreshToken)
  },
  'credentials-invalid': ({ call, ada }) => call('/session', { body: { email: ada.email, password: 'a wrong guess' } }),
  'password-change-required': async scene => {
    await scene.sql(`UPDATE accounts SET must_change_password = true ${account}`, [scene.ada.id])
    return logIn(scene)
  },
  'password-expired': async scene => {
    const change = 'must_change_password = true, password_expires_at = now()'
    await scene.sql(`UPDATE accounts SET ${change} ${account}`, [scene.ada.id])
    return logIn(scene)
  },
  'password-wrong': ({ call, session }) => {
    const body = { currentPassword: 'a wrong guess', newPassword: 'a new and longer passphrase' }
    return call('/me/password', { method: 'PUT', token: session.accessToken, body })
  },
  'request-malformed': ({ call }) => call('/session', { body: {} }),
  'origin-refused': ({ call, session }) => {
    const cookie = `__Secure-gatehouse=${session.refreshToken}`
    return call('/session/renew', { method: 'POST', headers: { cookie, origin: 'https://evil.example' } })
  },
  'not-found': ({ call }) => call('/nowhere'),
  'method-not-allowed': ({ call }) => call('/me', { method: 'DELETE' }),
  conflict: async scene => {
    const { call, session, ada, t } = scene
    const change = `UPDATE accounts SET password_hash = 'changed elsewhere' ${account}`
    const other = await holdLock(t, scene, change, [ada.id])
    const body = { currentPassword: password, newPassword: 'another long passphrase' }
    const changed = call('/me/password', { method: 'PUT', token: session.accessToken, body })
    await untilBlocked(scene, 1)
    await other.release()
    return changed
  },
  'request-too-large': ({ call }) => call('/session', { body: { email: 'x'.repeat(20_000) } }),
  'media-type-unsupported': ({ call }) =>
    call('/session', { body: 'email=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
  'rate-limited': async ({ call }) => {
    const guess = () => call('/session', { body: { email: 'unknown@example.org', password: 'x' } })
    for (let n = 0; n < 3; n += 1) await guess()
    return guess()
  },
  'internal-error': async ({ call, session, sql }) => {
    await sql('ALTER TABLE sessions RENAME COLUMN device TO broken')
    const response = await call('/sessions', { token: session.accessToken })
    await sql('ALTER TABLE sessions RENAME COLUMN broken TO device')
    return response
  },
  overloaded: async scene => {
    const { t, ada } = scene
    const { call } = await startReplica(t, scene, { PASSWORD_THREADS: '1', PASSWORD_QUEUE: '0' })
    const crowd = Array.from({ length: 8 }, () => call('/session', { body: { email: ada.email, password } }))
    const refused = (await Promise.all(crowd)).find(({ status }) => status !== 201)
    if (refused === undefined) throw new Error('no request was refused')
    return refused
  },
  unavailable: async scene => {
    const { t, session } = scene
    const unreachable = { DATABASE_URL: `postgresql://x:y@127.0.0.1:${await freePort()}/x` }
    const { call } = await startReplica(t, scene, unreachable)
    return call('/me', { token: session.accessToken })
  },
  'client-invalid': scene => testGuard(scene, { authorization: basic('guards', 'a wrong guess') }).poll(),
  'feed-changed': scene => testGuard(scene).poll({ feedId: randomUUID(), after: 0 }),
}

t.test('problem table: every code has a scenario here or a test elsewhere', async t => {
  const reached = [...Object.keys(scenarios), ...Object.keys(elsewhere)]
  t.same(reached.sort(), [...codes].sort())
})

/** @conforms RFC 9457 section 3: each refusal is problem details with a page at its `type`. */
t.test('problem table: each response has the status, action, challenge and headers of its row, and a page', async t => {
  const service = await startService(t, { LOGIN_FAILURES: '3' })
  for (const [outcome, act] of Object.entries(scenarios) as [ProblemCode, (scene: Scene) => Promise<HttpResponse>][]) {
    await t.test(outcome, async t => {
      const ada = await service.createUser()
      const session = await service.login(ada)
      const sql = (statement: string, values: unknown[] = []) => service.database.pool.query(statement, values)
      const renew = (refreshToken: string) => service.call('/session/renew', { body: { refreshToken } })
      assertProblem(t, await act({ ...service, t, ada, session, sql, renew }), outcome)
      const page = await service.call(`/problems/${outcome}`)
      t.equal(page.status, 200)
      t.match(page.body, outcome)
    })
  }
})
