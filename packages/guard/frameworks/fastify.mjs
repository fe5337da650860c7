/** The routes on Fastify. */
import fastify from 'fastify'
import { rules } from './routes.mjs'

export async function start({ adapter, guard, options, onAccepted, onHandled }) {
  const app = fastify()
  await app.register(adapter.problemDetails, options)
  app.get('/open', () => 'open')
  await app.register(async inside => {
    await inside.register(adapter.guard, { guard })
    inside.addHook('onRequest', async ({ url }) => {
      if (url === '/act') onAccepted()
    })
    for (const [path, rule] of Object.entries(rules))
      inside.get(path, { config: { guard: rule } }, async request => request.caller)
    inside.post('/act', async () => {
      onHandled()
      return 'done'
    })
    inside.get('/stream', (request, reply) => {
      const release = guard.trackStream(request.caller, () => reply.raw.end())
      reply.hijack()
      reply.raw.on('close', release).write('open\n')
    })
    inside.get('/fault', async () => {
      throw new Error('broken')
    })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server
}
