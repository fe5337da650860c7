/** `npx pnpm start`: starts the local stack, prints its addresses, and stops it on a signal. */
import { helpText, readSettings, SettingsError, type Table } from '@gatehouse/settings'
import { stackSettings } from './settings.ts'
import { startStack } from './stack.ts'
import { welcome } from './welcome.ts'

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    console.log(await help())
    return 0
  }
  const startedAt = Date.now()
  const settings = readSettings(stackSettings, process.env)
  const stopRequested = new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  })
  const stack = await startStack(settings)
  console.log(welcome(stack, { seconds: (Date.now() - startedAt) / 1000, dataDir: settings.GATEHOUSE_DATA }))
  const failure = await Promise.race([stopRequested.then(() => undefined), stack.failed])
  console.log(failure ?? 'Stopping.')
  await stack.stop()
  return failure === undefined ? 0 : 1
}

async function help(): Promise<string> {
  const { settings: auth } = await tableOf('auth')
  const { settings: resource } = await tableOf('resource')
  return [
    'npx pnpm start: PostgreSQL, auth service and resource service on this machine. Variables of the stack:\n',
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
    console.error(error instanceof SettingsError ? error.message : error)
    process.exit(1)
  },
)
