/** The process of the auth service: configuration, service, listening, signals. */
import { systemClock } from '@gatehouse/clock'
import { openConnections, stopGently } from '@gatehouse/guard'
import { SettingsError } from '@gatehouse/settings'
import { buildApp } from './app.ts'
import { readConfig } from './config.ts'

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const app = await buildApp(config, systemClock)
  const connections = openConnections(app)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => stopGently(app, { clock: systemClock, connections, drainMs: config.DRAIN_MS, signal }))
  }
  const address = await app.listen({ host: config.HOST, port: config.PORT })
  app.log.info({ address }, 'listening')
}

main().catch(error => {
  // A configuration that is wrong is told in a sentence; anything else is a mistake of ours and shows where.
  console.error(error instanceof SettingsError ? `auth: ${error.message}` : error)
  process.exit(1)
})
