/** `npx pnpm start`: starts the local stack, prints its addresses, and stops it on a signal. */
import { helpText, readSettings, SettingsError, type Table } from '@gatehouse/settings'
import { stopSignal } from '@gatehouse/testkit'
import { refuseUnusedSettings } from './refuseUnusedSettings.ts'
import { stackSettings } from './settings.ts'
import { startStack } from './stack.ts'
import { welcome } from './welcome.ts'

const stopped = stopSignal()

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    console.log(await help())
    return 0
  }
  const startedAt = performance.now()
  let isReady = false
  stopped.addEventListener('abort', () => console.log(isReady ? 'Stopping.' : '\nStopping.'))
  const settings = readSettings(stackSettings, process.env)
  refuseUnusedSettings(process.env)
  const stack = await startStack(settings, stopped)
  isReady = true
  console.log(welcome(stack, { seconds: (performance.now() - startedAt) / 1000, dataDir: settings.GATEHOUSE_DATA }))
  const stopRequested = new Promise<undefined>(resolve => {
    stopped.addEventListener('abort', () => resolve(undefined))
    if (stopped.aborted) resolve(undefined)
  })
  const failure = await Promise.race([stopRequested, stack.failed])
  if (failure !== undefined) console.error(failure)
  await stack.stop()
  return failure === undefined ? stopped.reason : 1
}

async function help(): Promise<string> {
  const { settings: auth } = await tableOf('auth')
  const { settings: resource } = await tableOf('resource')
  return [
    'npx -y pnpm@12 start: PostgreSQL, auth service and resource service on this machine. Variables of the stack:\n',
    helpText(stackSettings),
    '\nVariables of the auth service:\n',
    helpText(auth),
    '\nVariables of the resource service:\n',
    helpText(resource),
  ].join('\n')
}

async function tableOf(service: string): Promise<{ settings: Table }> {
  return import(new URL(`../../../../services/${service}/dist/src/config.js`, import.meta.url).href)
}

main().then(
  code => process.exit(code),
  (error: Error) => {
    if (stopped.aborted) process.exit(stopped.reason)
    console.error(error instanceof SettingsError ? error.message : error)
    process.exit(1)
  },
)
