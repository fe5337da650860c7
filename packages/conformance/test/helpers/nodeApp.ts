/** An application on node:http with the guard, as a process of its own: `node nodeApp.js AUTH_URL`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGuard, nodeGuard } from '@gatehouse/guard/node'
import { restrictedScope } from '../../src/settings.ts'
import { guardSettings, problemSettings } from './guardSettings.ts'

const guard = createGuard(guardSettings)
guard.start()
const { protect, callerOf, handleError } = nodeGuard(guard, problemSettings)

const readBody = (request: IncomingMessage, _response: ServerResponse, next: () => void) => {
  request.on('end', next).resume()
}
const any = protect({}, readBody)
const restricted = protect({ scope: [restrictedScope] })
const open = protect({ onUnknown: 'allow' })

const server = createServer((request, response) => {
  const fail = (error: unknown) => handleError(error, request, response, () => response.writeHead(500).end())
  const answer = (error?: unknown) => (error === undefined ? void response.end('{}') : fail(error))
  const path = request.url?.split('?', 1)[0]
  if (path === '/storage/restricted') return restricted(request, response, answer)
  if (path === '/storage/open') return open(request, response, answer)
  if (path !== '/storage/events') return any(request, response, answer)
  return any(request, response, error => {
    if (error !== undefined) return fail(error)
    try {
      const release = guard.trackStream(callerOf(request), () => void response.end())
      response.once('close', release).writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n')
    } catch (refusal) {
      fail(refusal)
    }
  })
})
server.listen(0, '127.0.0.1', () => {
  console.log(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
