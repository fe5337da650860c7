/** The routes on Hono, served by node:http, Bun or Deno. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { items, rules } from './routes.mjs'

export async function start({ adapter, guard, options, onAccepted, onHandled }) {
  const { protect, callerOf, responseOf } = adapter.webGuard(guard, options)
  const guarded = (rule, readBody = () => undefined) => {
    const decide = protect(rule)
    return async (context, next) => (await decide(context.req.raw, readBody(context))) ?? next()
  }
  const readJson = context => () => {
    onAccepted()
    return context.req.json()
  }
  const sendCaller = context => context.json(callerOf(context.req.raw))
  const sendItems = context => context.json(items)
  const app = new Hono()
  app.get('/open', context => context.text('open'))
  app.get('/unguarded', sendItems)
  app.get('/guarded', guarded(rules['/restricted']), sendItems)
  for (const [path, rule] of Object.entries(rules)) app.get(path, guarded(rule), sendCaller)
  app.post('/act', guarded({}, readJson), context => {
    onHandled()
    return context.text('done')
  })
  app.get('/stream', guarded(), context => {
    const { readable, writable } = new TransformStream()
    const writer = writable.getWriter()
    const release = guard.trackStream(callerOf(context.req.raw), () => writer.close())
    writer.closed.then(release, release)
    writer.write(new TextEncoder().encode('open\n'))
    return new Response(readable)
  })
  app.get('/fault', guarded(), () => {
    throw new Error('broken')
  })
  app.onError((error, context) => {
    try {
      return responseOf(error)
    } catch {
      return context.text('failed', 500)
    }
  })
  return listen(app.fetch)
}

/** @returns the server, or for Bun and Deno what gives its port */
async function listen(fetch) {
  const loopback = { port: 0, hostname: '127.0.0.1' }
  if (globalThis.Bun) return addressed(Bun.serve({ ...loopback, fetch }).port)
  if (globalThis.Deno) return addressed(Deno.serve({ ...loopback, onListen() {} }, request => fetch(request)).addr.port)
  return new Promise(resolve => {
    const server = serve({ ...loopback, fetch }, () => resolve(server))
  })
}

const addressed = port => ({ address: () => ({ port }) })
