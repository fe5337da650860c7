/** The configuration of a route: the short way to it leads where the public one does, or is not taken. */
import fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import { type RouteConfig, routeConfigs } from '../src/routeConfig.ts'

/** A request as some other Fastify might make it. */
function requestOf(config: object, hidden: object = {}): FastifyRequest {
  return { routeOptions: { config }, ...hidden } as unknown as FastifyRequest
}

t.test('requests of the Fastify that we are built with have the short way, with decorations and without', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  const configs = routeConfigs()
  const seen: [RouteConfig, RouteConfig][] = []
  app.addHook('onRequest', async request => {
    seen.push([configs.of(request), request.routeOptions.config])
  })
  app.get('/plain', async () => '')
  await app.register(async inside => {
    inside.decorateRequest('extra', null)
    inside.get('/ruled', { config: { guard: { scope: ['a'] } } }, async () => '')
  })
  for (const url of ['/plain', '/ruled', '/nowhere', '/ruled']) await app.inject(url)
  t.equal(seen.length, 4)
  for (const [found, wanted] of seen) t.equal(found, wanted)
  t.same(seen[1]?.[0].guard, { scope: ['a'] })
  t.ok(configs.hasSymbol(), 'a guarded request costs a third less; docs/performance.md says so')
})

t.test('without a short way the public one is taken', async t => {
  const configs = routeConfigs()
  const config = { url: '/' }
  t.equal(configs.of(requestOf(config, { [Symbol('other')]: null })), config)
  t.equal(configs.fromPublicApi(requestOf(config)), config)
  t.notOk(configs.hasSymbol())
})

t.test('a short way that leads elsewhere is not taken again', async t => {
  const configs = routeConfigs()
  const [first, second, place] = [{ url: '/1' }, { url: '/2' }, Symbol('context')]
  t.equal(configs.of(requestOf(first, { [place]: { config: first } })), first)
  t.ok(configs.hasSymbol())
  const astray = requestOf(second, { [place]: { config: { url: '/3' } } })
  t.equal(configs.fromPublicApi(astray), second)
  t.notOk(configs.hasSymbol())
  t.equal(configs.of(astray), second)
})
