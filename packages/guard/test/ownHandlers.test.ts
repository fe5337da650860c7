/** The guard in an application without the problem details plugin, or with error handlers of its own. */
import { problemDefinition } from '@gatehouse/contract'
import { guard } from '@gatehouse/guard'
import { problemDetails } from '@gatehouse/http'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { guarded, problemOptions } from './helpers/guardedApp.ts'

const { status, title } = problemDefinition('token-missing')

async function addGuardedRoute(t: Test, scope: FastifyInstance): Promise<void> {
  const service = await guarded()
  t.teardown(service.stop)
  await scope.register(guard, { guard: service.guard })
  scope.get('/storage', () => 'open')
}

function setOwnErrorHandler(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ oops: error.message }),
  )
}

t.test('guard: answers 401 with the challenge when no error handler is set', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  await addGuardedRoute(t, app)
  const response = await app.inject('/storage')
  t.equal(response.statusCode, status)
  t.equal(response.headers['www-authenticate'], 'Bearer')
  t.match(response.json(), { statusCode: status, code: 'token-missing', message: title })
})

t.test("guard: sends the challenge when the application's own error handler answers", async t => {
  const app = fastify()
  t.teardown(() => app.close())
  setOwnErrorHandler(app)
  await addGuardedRoute(t, app)
  const response = await app.inject('/storage')
  t.equal(response.statusCode, status)
  t.equal(response.headers['www-authenticate'], 'Bearer')
  t.same(response.json(), { oops: title })
})

t.test('problemDetails: leaves other errors and unknown routes to the application', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  setOwnErrorHandler(app)
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('nothing here'))
  await app.register(async scope => {
    await scope.register(problemDetails, problemOptions)
    await addGuardedRoute(t, scope)
  })
  await app.register(async scope => {
    await scope.register(problemDetails, problemOptions)
    const body = { type: 'object', required: ['name'] }
    scope.post('/shelves', { schema: { body } }, () => 'created')
    scope.get('/full', () => {
      throw Object.assign(new Error('the shelf is full'), { statusCode: 422 })
    })
  })

  const refused = await app.inject('/storage')
  t.equal(refused.statusCode, status)
  t.equal(refused.headers['content-type'], 'application/problem+json')
  t.equal(refused.headers['www-authenticate'], 'Bearer realm="warehouse"')
  t.match(refused.json(), { type: 'https://auth.example/problems/token-missing', code: 'token-missing' })

  const full = await app.inject('/full')
  t.equal(full.statusCode, 422)
  t.same(full.json(), { oops: 'the shelf is full' })
  const invalid = await app.inject({ method: 'POST', path: '/shelves', payload: {} })
  t.equal(invalid.statusCode, 400)
  t.match(invalid.json(), { oops: /name/ })
  t.equal((await app.inject('/nowhere')).body, 'nothing here')
})
