/** The routes on node:http. */
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { items, rules } from './routes.mjs'

export async function start({ adapter, guard, options, onAccepted, onHandled }) {
  const { protect, callerOf, handleError } = adapter.nodeGuard(guard, options)
  const sendCaller = (request, response) => response.end(JSON.stringify(callerOf(request)))
  const sendItems = (_request, response) => response.end(JSON.stringify(items))
  const readBody = (request, _response, next) => {
    onAccepted()
    json(request).then(() => next(), next)
  }
  const routes = {
    '/guarded': [protect(rules['/restricted']), sendItems],
    '/act': [
      protect({}, readBody),
      (_request, response) => {
        onHandled()
        response.end('done')
      },
    ],
    '/stream': [
      protect(),
      (request, response) => {
        const release = guard.trackStream(callerOf(request), () => response.end())
        response.on('close', release).write('open\n')
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
  const server = createServer((request, response) => {
    const [middleware, handler] = routes[request.url.split('?')[0]] ?? []
    if (!middleware) return sendItems(request, response)
    const fail = () => response.writeHead(500).end('failed')
    middleware(request, response, error => {
      if (error) return fail()
      try {
        handler(request, response)
      } catch (thrown) {
        handleError(thrown, request, response, fail)
      }
    })
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}
