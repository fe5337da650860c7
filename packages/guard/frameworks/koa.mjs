/** The routes on Koa. */
import { PassThrough } from 'node:stream'
import { json } from 'node:stream/consumers'
import Koa from 'koa'

const items = ['the ledger', 'the spare keys']

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
    '/me': [protect(), sendCaller],
    '/guarded': [protect({ scope: ['storage:restricted'] }), sendItems],
    '/restricted': [protect({ scope: ['storage:restricted'] }), sendCaller],
    '/admin': [protect({ roles: ['admin', 'auditor'] }), sendCaller],
    '/lenient': [protect({ onUnknown: 'allow' }), sendCaller],
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
