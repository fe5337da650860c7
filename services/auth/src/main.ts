/** The process of the auth service: configuration, service, listening, signals. */
import { systemClock } from '@gatehouse/clock'
import { SettingsError } from '@gatehouse/settings'
import { buildApp } from './app.ts'
import { readConfig } from './config.ts'

/** What an orchestrator usually grants before it kills. */
const shutdownMs = 10_000

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const app = await buildApp(config, systemClock)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      app.log.info({ signal }, 'stopping')
      setTimeout(() => process.exit(1), shutdownMs).unref()
      app.close().then(
        () => process.exit(0),
        error => {
          app.log.error({ err: error }, 'stopping failed')
          process.exit(1)
        },
      )
    })
  }
  const address = await app.listen({ host: config.HOST, port: config.PORT })
  app.log.info({ address }, 'listening')
}

main().catch(error => {
  // A configuration that is wrong is told in a sentence; anything else is a mistake of ours and shows where.
  console.error(error instanceof SettingsError ? `auth: ${error.message}` : error)
  process.exit(1)
})
