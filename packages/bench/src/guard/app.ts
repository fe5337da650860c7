/** A resource service under load: the same route with the guard and without, in one process. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createGuard, guard } from '@gatehouse/guard'
import { fastifyDefaults, problemDetails, strictRequests } from '@gatehouse/http'
import fastify from 'fastify'
import { readJob } from './workerConfig.ts'

setFlagsFromString('--expose_gc')
const collect: () => void = runInNewContext('gc')

const { issuer, authUrl, publicKey, clientSecret } = readJob()
const surroundings = { problemBase: `${issuer}/problems`, realm: 'bench' }
const app = fastify(fastifyDefaults({ ...surroundings, logLevel: 'warn' }))
const own = createGuard({
  ...{ issuer, publicKey, clientSecret, authUrls: [authUrl] },
  audience: 'gatehouse',
  clientId: 'resource',
  name: 'bench',
})

await app.register(problemDetails, surroundings)
await app.register(strictRequests)
const answer = async () => ({ vault: ['the ledger', 'the spare keys'] })
app.get('/unguarded', answer)
app.get('/memory', async () => {
  collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heapUsed, external, rss }
})
/** What has been allocated since the last collection; asked before and after, it tells what lay between, if none ran. */
app.get('/allocated', async () => ({ bytes: process.memoryUsage().heapUsed }))
await app.register(async inside => {
  await inside.register(guard, { guard: own })
  inside.get('/guarded', { config: { guard: { scope: ['storage:restricted'] } } }, answer)
})
const address = await app.listen({ host: '127.0.0.1', port: 0 })
await own.ready()
console.log(`listening at ${address}`)
process.once('SIGTERM', () => app.close())
