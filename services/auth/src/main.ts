/** Starts the auth service as a process: configuration, tracing, listening and signals. */
import { systemClock } from '@gatehouse/clock'
import { shutdownOnSignals } from '@gatehouse/http'
import { SettingsError } from '@gatehouse/settings'
import { traceTo } from '@gatehouse/tracing'
import { buildApp, version } from './app.ts'
import { readConfig } from './config.ts'
import { setGarbageCollectorFlags } from './v8Flags.ts'

async function main(): Promise<void> {
  setGarbageCollectorFlags()
  const config = readConfig(process.env)
  const stopTracing = await traceTo({
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    serviceName: 'gatehouse-auth',
    serviceVersion: version,
  })
  const app = await buildApp(config, systemClock)
  app.addHook('onClose', stopTracing)
  shutdownOnSignals(app, { clock: systemClock, drainMs: config.DRAIN_MS })
  const address = await app.listen({ host: config.HOST, port: config.PORT })
  app.log.info({ address }, 'listening')
}

main().catch(error => {
  // A configuration error is printed as one sentence; any other error is printed with its stack.
  console.error(error instanceof SettingsError ? `auth: ${error.message}` : error)
  process.exit(1)
})
