/** Other token checks on Fastify: @fastify/jwt, its cache, and token introspection. */
import fastifyJwt from '@fastify/jwt'
import fastify, { type FastifyInstance } from 'fastify'
import { readWorkerConfig } from './workerConfig.ts'

const { issuer, authUrl, publicKey } = readWorkerConfig()
const app = fastify()
const sendItems = async () => ({ vault: ['the ledger', 'the spare keys'] })
app.get('/unguarded', sendItems)
await app.register(scope => withFastifyJwt(scope, '/jwt', {}))
await app.register(scope => withFastifyJwt(scope, '/jwt-cached', { cache: 5000 }))
await app.register(withIntrospection)
console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
process.once('SIGTERM', () => app.close())

async function withFastifyJwt(scope: FastifyInstance, path: string, options: { cache?: number }): Promise<void> {
  await scope.register(fastifyJwt, {
    secret: { public: publicKey },
    verify: { algorithms: ['ES256'], allowedIss: issuer, allowedAud: 'gatehouse', ...options },
  })
  scope.addHook('onRequest', async request => {
    await request.jwtVerify()
  })
  scope.get(path, sendItems)
}

/** RFC 7662 without a cache, so that a revocation takes effect at once. */
async function withIntrospection(scope: FastifyInstance): Promise<void> {
  const basic = `Basic ${Buffer.from(process.env['INTROSPECTOR'] ?? '').toString('base64')}`
  const headers = { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' }
  scope.addHook('onRequest', async (request, reply) => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
    const body = new URLSearchParams({ token }).toString()
    const response = await fetch(`${authUrl}/oauth/introspect`, { method: 'POST', headers, body })
    const { active }: { active?: boolean } = (await response.json()) as object
    if (active !== true) return reply.code(401).send({})
  })
  scope.get('/introspected', sendItems)
}
