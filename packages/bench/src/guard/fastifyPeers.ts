/** What others do on Fastify, each beside an unguarded route: the library alone, with its cache, and a question to the auth service each time. */
import fastifyJwt from '@fastify/jwt'
import fastify, { type FastifyInstance } from 'fastify'
import { readJob } from './workerConfig.ts'

const { issuer, authUrl, publicKey } = readJob()
const app = fastify()
const answer = async () => ({ vault: ['the ledger', 'the spare keys'] })
app.get('/unguarded', answer)
await app.register(inside => byLibrary(inside, '/jwt', {}))
await app.register(inside => byLibrary(inside, '/jwt-cached', { cache: 5000 }))
await app.register(byIntrospection)
console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
process.once('SIGTERM', () => app.close())

async function byLibrary(inside: FastifyInstance, path: string, options: { cache?: number }): Promise<void> {
  await inside.register(fastifyJwt, {
    secret: { public: publicKey },
    verify: { algorithms: ['ES256'], allowedIss: issuer, allowedAud: 'gatehouse', ...options },
  })
  inside.addHook('onRequest', async request => {
    await request.jwtVerify()
  })
  inside.get(path, answer)
}

/** RFC 7662, as if nothing were remembered: so revocations count at once. */
async function byIntrospection(inside: FastifyInstance): Promise<void> {
  const basic = `Basic ${Buffer.from(process.env['INTROSPECTOR'] ?? '').toString('base64')}`
  const headers = { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' }
  inside.addHook('onRequest', async (request, reply) => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
    const body = new URLSearchParams({ token }).toString()
    const response = await fetch(`${authUrl}/oauth/introspect`, { method: 'POST', headers, body })
    const { active }: { active?: boolean } = (await response.json()) as object
    if (active !== true) return reply.code(401).send({})
  })
  inside.get('/introspected', answer)
}
