/** Which routes are guarded: all of the scope and no others, in any order of registration. */
import { guard } from '@gatehouse/guard'
import { problemDetails } from '@gatehouse/http'
import { bearer } from '@gatehouse/testkit'
import fastify from 'fastify'
import t from 'tap'
import { guarded, problemOptions } from './helpers/guardedApp.ts'

const options = { issuer: 'https://auth.example', audience: 'a', clientId: 'c', clientSecret: 's' }

t.test('guard: a rule with an unknown field throws at registration', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(guard, options)
  const misspelt = { scopes: ['a'] } as object
  t.throws(() => app.get('/', { config: { guard: misspelt } }, () => ''), /GET \/: config\.guard has no "scopes"/)
})

t.test('guard: a missing option rejects the registration by name', async t => {
  for (const name of Object.keys(options)) {
    const app = fastify()
    t.teardown(() => app.close())
    await t.rejects(async () => app.register(guard, { ...options, [name]: '' }), new RegExp(name))
  }
})

t.test('guard: a route registered before the guard in the same scope is guarded', async t => {
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

t.test('guard: a route outside the scope is open, a route in a nested scope is guarded', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  t.match(await service.send('/open'), { status: 200 })
  t.notMatch(await service.send('/me'), { status: 200 })
})
