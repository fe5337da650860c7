/** The configuration of a route: read through the symbol only where it equals the public one. */
import fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import { type RouteConfig, routeConfigs } from '../src/routeConfig.ts'

/** A request as another version of Fastify could create it. */
function requestOf(config: object, hidden: object = {}): FastifyRequest {
  return { routeOptions: { config }, ...hidden } as unknown as FastifyRequest
}

t.test('routeConfigs: finds the symbol in requests of this version of Fastify', async t => {
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
  t.ok(configs.hasSymbol(), 'docs/performance.md counts on the symbol')
})

t.test('routeConfigs: uses the public API when no symbol is found', async t => {
  const configs = routeConfigs()
  const config = { url: '/' }
  t.equal(configs.of(requestOf(config, { [Symbol('other')]: null })), config)
  t.equal(configs.fromPublicApi(requestOf(config)), config)
  t.notOk(configs.hasSymbol())
})

t.test('routeConfigs: abandons a symbol that leads to another object', async t => {
  const configs = routeConfigs()
  const [first, second, place] = [{ url: '/1' }, { url: '/2' }, Symbol('context')]
  t.equal(configs.of(requestOf(first, { [place]: { config: first } })), first)
  t.ok(configs.hasSymbol())
  const astray = requestOf(second, { [place]: { config: { url: '/3' } } })
  t.equal(configs.fromPublicApi(astray), second)
  t.notOk(configs.hasSymbol())
  t.equal(configs.of(astray), second)
})
