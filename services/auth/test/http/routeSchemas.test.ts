/** Validates the route schemas, which the service does not compile at start-up. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import t, { type Test } from 'tap'
import { startService } from '../helpers/service.ts'

const channel = 'fastify.initialization'

/** The routes of the service, and the shared schemas that they reference. */
async function routesOf(t: Test) {
  const routes: RouteOptions[] = []
  const apps: FastifyInstance[] = []
  const onNew = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance }
    apps.push(fastify)
    fastify.addHook('onRoute', route => {
      if (route.schema !== undefined && route.method !== 'HEAD') routes.push(route)
    })
  }
  subscribe(channel, onNew)
  await startService(t)
  unsubscribe(channel, onNew)
  return { routes, shared: apps.flatMap(app => Object.values(app.getSchemas())) }
}

/** As Fastify compiles schemas by default. */
async function check(t: Test, { routes, shared }: { routes: readonly RouteOptions[]; shared: readonly unknown[] }) {
  const app = Fastify()
  t.teardown(() => app.close())
  for (const schema of shared) app.addSchema(schema)
  for (const { method, url, schema } of routes) {
    app.route({ method, url, ...(schema && { schema }), handler: async () => undefined })
  }
  await app.ready()
}

t.test('every route schema compiles', async t => {
  const found = await routesOf(t)
  t.ok(found.routes.length > 30, `${found.routes.length} routes with schemas`)
  await check(t, found)
})

t.test('a route with an access token signs out only by session-ended and account-disabled', async t => {
  const { routes } = await routesOf(t)
  const authenticated = routes.filter(({ schema }) => JSON.stringify(schema).includes('{"bearer":'))
  t.ok(authenticated.length > 20, `${authenticated.length} routes`)
  for (const { method, url, schema } of authenticated) {
    const text = JSON.stringify((schema as { response?: object }).response)
    const login = [...text.matchAll(/`([\w-]+)` \(login\)/g)].map(([, code]) => code)
    t.same([...new Set(login)], ['session-ended'], `${method} ${url}`)
  }
})

t.test('rejects a route schema that does not compile', async t => {
  const route = (schema: object): RouteOptions => ({ method: 'POST', url: '/', schema, handler: async () => undefined })
  const wrong = { type: 'object', properties: { name: { type: 'string', maxLength: '9' } } }
  await t.rejects(check(t, { routes: [route({ body: wrong })], shared: [] }), /FST_ERR_SCH|invalid/i)
  await t.rejects(check(t, { routes: [route({ response: { 200: wrong } })], shared: [] }), /FST_ERR_SCH|invalid/i)
})
