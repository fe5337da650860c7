/** Serves the application in this process, after `next build`. */
import { createServer } from 'node:http'
import next from 'next'

let prepared

export async function start({ adapter, guard, options, onAccepted, onHandled }) {
  globalThis.application = { ...adapter.webGuard(guard, options), guard, onAccepted, onHandled }
  globalThis.gatehouse = guard
  prepared ??= prepare()
  const server = createServer(await prepared)
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function prepare() {
  const app = next({ dir: import.meta.dirname, quiet: true })
  await app.prepare()
  return app.getRequestHandler()
}
