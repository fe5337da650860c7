/** A Fastify application with the guard, as a process of its own: `node fastifyApp.js AUTH_URL`. */
import { guard, problemDetails } from '@gatehouse/guard'
import fastify from 'fastify'
import { restrictedScope } from '../../src/settings.ts'
import { guardSettings, problemSettings } from './guardSettings.ts'

const app = fastify()
await app.register(problemDetails, problemSettings)
await app.register(async inside => {
  await inside.register(guard, guardSettings)
  inside.get('/storage', async () => ({ shelves: ['rope'] }))
  inside.post('/storage', async (_request, reply) => reply.code(201).send({ stored: true }))
  inside.get('/storage/restricted', { config: { guard: { scope: [restrictedScope] } } }, async () => ({ vault: [] }))
  inside.get('/storage/open', { config: { guard: { onUnknown: 'allow' } } }, async () => ({ shelves: [] }))
  inside.get('/storage/events', { exposeHeadRoute: false }, ({ caller }, reply) => {
    const release = inside.guard.trackStream(caller, () => void reply.raw.end())
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n')
    reply.raw.once('close', release)
  })
})
console.log(`listening at ${await app.listen({ port: 0, host: '127.0.0.1' })}`)
