/** The routes on node:http. */
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

const items = ['the ledger', 'the spare keys']

export async function start({ adapter, guard, options, onAccepted, onHandled }) {
  const { protect, callerOf, handleError } = adapter.nodeGuard(guard, options)
  const sendCaller = (request, response) => response.end(JSON.stringify(callerOf(request)))
  const sendItems = (_request, response) => response.end(JSON.stringify(items))
  const readBody = (request, _response, next) => {
    onAccepted()
    json(request).then(() => next(), next)
  }
  const routes = {
    '/me': [protect(), sendCaller],
    '/guarded': [protect({ scope: ['storage:restricted'] }), sendItems],
    '/restricted': [protect({ scope: ['storage:restricted'] }), sendCaller],
    '/admin': [protect({ roles: ['admin', 'auditor'] }), sendCaller],
    '/lenient': [protect({ onUnknown: 'allow' }), sendCaller],
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
