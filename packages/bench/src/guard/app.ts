/** A resource service under load: the same route with the guard and without it, in one process. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createGuard, guard } from '@gatehouse/guard'
import { fastifyDefaults, problemDetails, strictRequests } from '@gatehouse/http'
import fastify from 'fastify'
import { guardOptions, readWorkerConfig } from './workerConfig.ts'

setFlagsFromString('--expose_gc')
const collectGarbage: () => void = runInNewContext('gc')

const worker = readWorkerConfig()
const options = { problemBase: `${worker.issuer}/problems`, realm: 'bench' }
const app = fastify(fastifyDefaults({ ...options, logLevel: 'warn' }))
const benchGuard = createGuard(guardOptions(worker))

await app.register(problemDetails, { ...options, errors: 'all' })
await app.register(strictRequests)
const sendItems = async () => ({ vault: ['the ledger', 'the spare keys'] })
app.get('/unguarded', sendItems)
app.get('/memory', async () => {
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heapUsed, external, rss }
})
/** The difference of two readings is what was allocated between them, when no collection ran. */
app.get('/allocated', async () => ({ bytes: process.memoryUsage().heapUsed }))
await app.register(async scope => {
  await scope.register(guard, { guard: benchGuard })
  scope.get('/guarded', { config: { guard: { scope: ['storage:restricted'] } } }, sendItems)
})
const address = await app.listen({ host: '127.0.0.1', port: 0 })
await benchGuard.ready()
console.log(`listening at ${address}`)
process.once('SIGTERM', () => app.close())
