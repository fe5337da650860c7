/** The process of the auth service: configuration, service, listening, signals. */
import { systemClock } from '@gatehouse/clock'
import { openConnections, stopGently } from '@gatehouse/guard'
import { SettingsError } from '@gatehouse/settings'
import { buildApp, version } from './app.ts'
import { readConfig } from './config.ts'

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const stopTracing = await trace(config.OTEL_EXPORTER_OTLP_ENDPOINT)
  const app = await buildApp(config, systemClock)
  app.addHook('onClose', stopTracing)
  const connections = openConnections(app)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => stopGently(app, { clock: systemClock, connections, drainMs: config.DRAIN_MS, signal }))
  }
  const address = await app.listen({ host: config.HOST, port: config.PORT })
  app.log.info({ address }, 'listening')
}

/** Loaded only where somebody collects traces; before Fastify is made. */
async function trace(endpoint: string | null): Promise<() => Promise<void>> {
  if (endpoint === null) return async () => undefined
  const { startTracing } = await import('@gatehouse/tracing')
  return startTracing({ endpoint, serviceName: 'gatehouse-auth', serviceVersion: version })
}

main().catch(error => {
  // A configuration that is wrong is told in a sentence; anything else is a mistake of ours and shows where.
  console.error(error instanceof SettingsError ? `auth: ${error.message}` : error)
  process.exit(1)
})
