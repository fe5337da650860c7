/** An application of a framework under load: `node frameworkApp.js FILE ADAPTER`. */
import { register } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installOnDemand } from '@gatehouse/testkit'
import { guardOptions, readWorkerConfig } from './workerConfig.ts'

const [file = '', adapterName = '', platform] = process.argv.slice(2)
const folder = await installOnDemand('packages/guard/frameworks')
// The adapter for NestJS imports the framework, which is not installed where the adapter is.
const parentURL = pathToFileURL(join(folder, 'package.json')).href
const hook = `export function resolve(specifier, context, next) {
  return next(specifier, specifier === '@nestjs/common' ? { ...context, parentURL: '${parentURL}' } : context)
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)

const worker = readWorkerConfig()
const adapter = await import(`@gatehouse/guard/${adapterName}`)
const guard = adapter.createGuard(guardOptions(worker))
guard.start()
const { start } = await import(pathToFileURL(join(folder, file)).href)
const options = { problemBase: `${worker.issuer}/problems`, realm: 'bench' }
const server = await start({ adapter, guard, options, platform, onAccepted() {}, onHandled() {} })
await guard.ready()
console.log(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
process.once('SIGTERM', async () => {
  guard.closeStreams()
  server.close()
  server.closeAllConnections()
  await guard.stop()
})
