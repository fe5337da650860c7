/** An application of `packages/guard/frameworks` with the guard: `node frameworkApp.js AUTH_URL FILE ADAPTER [PLATFORM]`. */
import { register } from 'node:module'
import type { AddressInfo } from 'node:net'
import { guardSettings, problemSettings } from './guardSettings.ts'

const [, file = '', adapterName = '', platform] = process.argv.slice(2)
const folder = new URL('../../../../guard/frameworks/', import.meta.url)
if (adapterName === 'nest') {
  // The adapter imports the framework, which is not installed where the adapter is.
  const hook = `export function resolve(specifier, context, next) {
    return next(specifier, specifier === '@nestjs/common' ? { ...context, parentURL: '${folder}package.json' } : context)
  }`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}

const adapter = await import(`@gatehouse/guard/${adapterName}`)
const guard = adapter.createGuard(guardSettings)
guard.start()
const { start } = await import(new URL(file, folder).href)
const server = await start({ adapter, guard, options: problemSettings, platform, onAccepted() {}, onHandled() {} })
console.log(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
