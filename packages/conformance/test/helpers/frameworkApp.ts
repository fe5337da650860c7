/** An application of `packages/guard/frameworks` with the guard: `node frameworkApp.js AUTH_URL FILE ADAPTER [PLATFORM]`. */
import { register } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installOnDemand } from '@gatehouse/testkit'
import { audience, clientId, clientSecret, issuer, pollTimeoutMs, toleranceMs } from '../../src/settings.ts'

const [authUrl = '', file = '', adapterName = '', platform] = process.argv.slice(2)
const folder = await installOnDemand('packages/guard/frameworks')
// The adapter for NestJS imports the framework, which is not installed where the adapter is.
const parentURL = pathToFileURL(join(folder, 'package.json')).href
const hook = `export function resolve(specifier, context, next) {
  return next(specifier, specifier === '@nestjs/common' ? { ...context, parentURL: '${parentURL}' } : context)
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)

const adapter = await import(`@gatehouse/guard/${adapterName}`)
const guard = adapter.createGuard({
  ...{ issuer, audience, clientId, clientSecret, pollTimeoutMs, clockToleranceMs: toleranceMs },
  ...{ authUrls: [authUrl], jwksUrl: `${authUrl}/.well-known/jwks.json` },
})
guard.start()
const { start } = await import(pathToFileURL(join(folder, file)).href)
const options = { problemBase: `${issuer}/problems`, realm: audience }
const server = await start({ adapter, guard, options, platform, onAccepted() {}, onHandled() {} })
console.log(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
