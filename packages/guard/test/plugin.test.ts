/** What is guarded: every route of the scope, and no other, in whatever order it was registered. */

import { guard } from '@gatehouse/guard'
import { problemDetails } from '@gatehouse/http'
import { bearer } from '@gatehouse/testkit'
import fastify from 'fastify'
import t from 'tap'
import { guarded, problemOptions } from './helpers/guardedApp.ts'

const options = { issuer: 'https://auth.example', audience: 'a', clientId: 'c', clientSecret: 's' }

t.test('a misspelt rule stops the service at boot', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(guard, options)
  const misspelt = { scopes: ['a'] } as object
  t.throws(() => app.get('/', { config: { guard: misspelt } }, () => ''), /GET \/: config\.guard has no "scopes"/)
})

t.test('a missing option stops the service at boot, by name', async t => {
  for (const name of Object.keys(options)) {
    const app = fastify()
    t.teardown(() => app.close())
    await t.rejects(async () => app.register(guard, { ...options, [name]: '' }), new RegExp(name))
  }
})

t.test('a route registered before the guard, in the same scope, is guarded all the same', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(problemDetails, { ...problemOptions, errors: 'all' })
  app.get('/early', { config: { guard: { scope: ['a'] } } }, () => 'open')
  await app.register(guard, { guard: service.guard })
  t.equal((await app.inject('/early')).json().code, 'token-missing')
  const headers = bearer(service.token())
  t.equal((await app.inject({ url: '/early', headers })).json().code, 'insufficient-scope')
})

t.test('a route outside the scope is open, and one inside a nested scope is guarded', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  t.match(await service.send('/open'), { status: 200 })
  t.notMatch(await service.send('/me'), { status: 200 })
})
