/** The routes on Koa. */
import { PassThrough } from 'node:stream'
import { json } from 'node:stream/consumers'
import Koa from 'koa'
import { items, rules } from './routes.mjs'

export async function start({ adapter, guard, options, onAccepted, onHandled }) {
  const { protect, callerOf } = adapter.koaGuard(guard, options)
  const sendCaller = context => {
    context.body = callerOf(context)
  }
  const sendItems = context => {
    context.body = items
  }
  const readBody = async (context, next) => {
    onAccepted()
    context.request.body = await json(context.req)
    await next()
  }
  const routes = {
    '/guarded': [protect(rules['/restricted']), sendItems],
    '/act': [
      protect({}, readBody),
      context => {
        onHandled()
        context.body = 'done'
      },
    ],
    '/stream': [
      protect(),
      context => {
        const stream = new PassThrough()
        stream
          .on(
            'close',
            guard.trackStream(callerOf(context), () => stream.end()),
          )
          .write('open\n')
        context.body = stream
      },
    ],
    '/fault': [
      protect(),
      () => {
        throw new Error('broken')
      },
    ],
  }
  for (const [path, rule] of Object.entries(rules)) routes[path] = [protect(rule), sendCaller]
  const app = new Koa({ silent: true })
  app.silent = true
  app.use(async context => {
    const [middleware, handler] = routes[context.path] ?? []
    if (middleware) return middleware(context, async () => handler(context))
    sendItems(context)
  })
  return new Promise(resolve => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server))
  })
}
