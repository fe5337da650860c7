/**
 * What services without Gatehouse usually build on Fastify: @fastify/jwt with its cache, and a list
 * of ended sessions in Redis. `/redis-get` asks Redis for each request. `/redis-map` keeps the list
 * in memory and follows a channel; a message that is lost leaves an ended session admitted.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import fastifyJwt from '@fastify/jwt'
import fastify from 'fastify'
import Redis from 'ioredis'
import { readPeerConfig } from './peer.mjs'

const { issuer, publicKey } = readPeerConfig()
const port = await freePort()
await startRedis(port)
const redis = new Redis(port, '127.0.0.1')
const subscriber = new Redis(port, '127.0.0.1')
const ended = new Set(await redis.smembers('ended'))
subscriber.on('message', (_channel, session) => ended.add(session))
await subscriber.subscribe('ended')

const app = fastify()
const sendItems = async () => ({ vault: ['the ledger', 'the spare keys'] })
app.get('/unguarded', sendItems)
await app.register(scope => guarded(scope, '/redis-get', async sid => (await redis.get(`ended:${sid}`)) !== null))
await app.register(scope => guarded(scope, '/redis-map', sid => ended.has(sid)))
console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
process.once('SIGTERM', () => process.exit(0))

async function guarded(scope, path, isEnded) {
  await scope.register(fastifyJwt, {
    secret: { public: publicKey },
    verify: { algorithms: ['ES256'], allowedIss: issuer, allowedAud: 'gatehouse', cache: 5000 },
  })
  scope.addHook('onRequest', async (request, reply) => {
    const { sid } = await request.jwtVerify()
    if (await isEnded(sid)) return reply.code(401).send({})
  })
  scope.get(path, sendItems)
}

/** The shell stops redis-server when its standard input ends, also after a SIGKILL of this process. */
async function startRedis(port) {
  const args = ['redis-server', '--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no']
  const shell = ['-c', '"$@" & read -r _; kill -TERM $!; wait $!', 'sh', ...args]
  const child = spawn('/bin/sh', shell, { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  while (!output.includes('Ready to accept connections')) output += (await once(child.stdout, 'data'))[0]
  child.stdout.resume()
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
