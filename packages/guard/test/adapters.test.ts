/** Each adapter in an application of its framework: one table of tests for all of them. */
import { randomUUID } from 'node:crypto'
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'
import { audience, bearer, clientId, clientSecret, freePort, guardFixture, problemMismatch } from '@gatehouse/testkit'
import t from 'tap'
import { type Framework, frameworks, guardedApplication } from './helpers/guardedFramework.ts'
import { buildNext } from './helpers/nextProgram.ts'

t.test('Next: the program of docs/frameworks.md is built without a poll, follows the feed and leaves it', async t => {
  const { auth, token } = await guardFixture()
  t.teardown(() => auth.stop())
  const values = {
    'https://auth.example': auth.url,
    gatehouse: audience,
    warehouse: clientId,
    'the secret': clientSecret,
  }
  const { start } = await buildNext(new Map(Object.entries(values)))
  t.equal(auth.counts.polls, 0)

  const port = await freePort()
  const program = await start(port)
  const url = `http://127.0.0.1:${port}/orders`
  const bearerOf = (scope: string) => bearer(token({ iss: auth.url, sub: 'ada', scope }))
  const send = async (init: RequestInit) => {
    const response = await fetch(url, init)
    const headers = Object.fromEntries(response.headers)
    return { status: response.status, headers, text: await response.text() }
  }
  try {
    t.equal(problemMismatch(await send({}), 'token-missing'), null)
    t.equal(problemMismatch(await send({ headers: bearerOf('other') }), 'insufficient-scope'), null)
    const headers = bearerOf('storage:read')
    t.same(JSON.parse((await send({ headers })).text), { orderedBy: 'ada' })
    const order = { method: 'POST', headers, body: JSON.stringify({ item: 'rope' }) }
    t.same(JSON.parse((await send(order)).text), { orderedBy: 'ada', item: 'rope' })
    t.equal(auth.guards.size, 1, 'one guard for all routes')
  } finally {
    await program.stop()
  }
  t.equal(auth.counts.leaves, 1)
})

for (const framework of Object.keys(frameworks) as Framework[]) {
  t.test(framework, t => {
    const ready = async (test: typeof t, options: Parameters<typeof guardedApplication>[2] = {}) => {
      const application = await guardedApplication(test, framework, options)
      await application.guard.ready()
      await application.auth.holding()
      return application
    }

    t.test('a valid token passes, cold and known, and the handler has the caller', async t => {
      const application = await ready(t)
      const headers = bearer(application.token({ sub: 'ada', scope: 'storage:restricted', roles: ['auditor'] }))
      for (const path of ['/me', '/me', '/restricted', '/admin', '/lenient']) {
        const { status, text } = await application.send(path, headers)
        t.equal(status, 200, path)
        t.match(JSON.parse(text), { id: 'ada', roles: ['auditor'], clientId: 'first-party' })
      }
      t.equal(application.guard.state().tokensCached, 1)
      t.match(await application.send('/open'), { status: framework.startsWith('Nest') ? 404 : 200 })
    })

    t.test('each refusal has the status, body and headers of its problem', async t => {
      const application = await ready(t, { maxStreams: 1, maxStreamsPerAccount: 1 })
      const [sid, sub] = [randomUUID(), randomUUID()]
      application.auth.revoke({ kind: 'user', subject: sub, epoch: 1, effect: 'forbidden' })
      await application.revoke(sid)
      const { token } = application
      const expired = { iat: 1_789_999_000, exp: 1_789_999_300, auth_time: 1_789_999_000 }
      const expected: [ProblemCode, path: string, headers: Record<string, string | string[]>][] = [
        ['token-missing', '/me', {}],
        ['token-missing', '/me', { authorization: 'Basic dXNlcjpwYXNz' }],
        ['token-invalid', '/me', bearer('rubbish')],
        ['token-invalid', '/me', bearer(token({ aud: 'elsewhere' }))],
        ['token-expired', '/me', bearer(token(expired))],
        ['session-ended', '/me', bearer(token({ sid }))],
        ['account-disabled', '/me', bearer(token({ sub }))],
        ['insufficient-scope', '/restricted', bearer(token())],
        ['insufficient-scope', '/admin', bearer(token())],
        ['request-malformed', '/me', { authorization: [`Bearer ${token()}`, `Bearer ${token()}`] }],
        ['request-malformed', '/me', { authorization: [`Bearer ${token()}`, 'Basic dXNlcjpwYXNz'] }],
        ['request-malformed', `/me?access_token=${token()}`, bearer(token())],
        ['request-malformed', `/me?access%5Ftoken=${token()}`, bearer(token())],
      ]
      for (const [code, path, headers] of expected) {
        // Next passes the first Authorization header only, so the guard decides by that one.
        if (framework === 'Next' && Array.isArray(headers['authorization'])) continue
        t.equal(problemMismatch(await application.send(path, headers), code), null, `${code} ${path.slice(0, 20)}`)
      }
      const { headers } = await application.send('/restricted', bearer(token()))
      t.match(headers['www-authenticate'], /error="insufficient_scope", .*scope="storage:restricted"/)
    })

    t.test('a problem that a handler throws is answered, another error stays with the framework', async t => {
      const application = await ready(t, { maxStreams: 1, maxStreamsPerAccount: 1 })
      const authorization = bearer(application.token())
      await application.openStream(application.token())
      t.equal(problemMismatch(await application.send('/stream', authorization), 'overloaded'), null)
      const { status, headers } = await application.send('/fault', authorization)
      t.equal(status, 500)
      t.notMatch(headers['content-type'], /problem/)
    })

    t.test('keys that cannot be fetched are unavailable', async t => {
      const application = await ready(t, { publicKey: [], jwksUrl: 'http://127.0.0.1:9/jwks.json' })
      const answered = await application.send('/me', bearer(application.token()))
      t.equal(problemMismatch(answered, 'unavailable'), null)
    })

    t.test('without a lease the answer is revocation-unknown, and a lenient route passes', async t => {
      const application = await ready(t)
      const headers = bearer(application.token())
      await application.send('/me', headers)
      await application.lapse()
      const unknown = await application.send('/me', headers)
      t.equal(problemMismatch(unknown, 'revocation-unknown'), null)
      t.equal(unknown.headers['retry-after'], String(problemDefinition('revocation-unknown').retryAfterSeconds))
      t.match(await application.send('/lenient', headers), { status: 200 })
    })

    t.test('slow body: a session that is revoked while the body arrives does not reach the handler', async t => {
      const application = await ready(t)
      const sid = randomUUID()
      const finish = await application.startSlow(application.token({ sid }))
      await application.revoke(sid)
      t.equal(await finish(), 'session-ended')
      t.equal(application.handled(), 0)
    })

    t.test('slow body: a session that stays active reaches the handler', async t => {
      const application = await ready(t)
      const finish = await application.startSlow(application.token())
      await application.revoke(randomUUID())
      t.equal(await finish(), 'handled')
      t.equal(application.handled(), 1)
    })

    t.test('streams: a revocation and the end of the lease close them', async t => {
      const application = await ready(t)
      const sid = randomUUID()
      const revoked = await application.openStream(application.token({ sid }))
      const other = await application.openStream(application.token())
      await application.revoke(sid)
      t.match(await revoked.closed, /open\n/)
      t.equal(application.guard.state().streamsOpen, 1)
      await application.lapse()
      t.match(await other.closed, /open\n/)
      t.equal(application.guard.state().streamsOpen, 0)
    })

    t.end()
  })
}
