/** The process: configuration, listening, and an end that drops nobody. */
import { readFileSync } from 'node:fs'
import { systemClock } from '@gatehouse/clock'
import { openConnections, stopGently } from '@gatehouse/guard'
import { SettingsError } from '@gatehouse/settings'
import { buildApp } from './app.ts'
import { readConfig } from './config.ts'

/** Well under the ten seconds that starting may take: then it listens, lease or not. */
const patienceMs = 5000
const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')

try {
  const config = readConfig(process.env)
  const { version }: { version: string } = JSON.parse(manifest)
  const stopTracing = await trace(config.OTEL_EXPORTER_OTLP_ENDPOINT, version)
  const app = await buildApp({ config, version, clock: systemClock, patienceMs })
  app.addHook('onClose', stopTracing)
  const connections = openConnections(app)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => stopGently(app, { clock: systemClock, connections, drainMs: config.DRAIN_MS, signal }))
  }
  const address = await app.listen({ host: config.HOST, port: config.PORT })
  app.log.info({ address }, 'listening')
} catch (error) {
  const isOurs = error instanceof SettingsError || (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  process.stderr.write(`${isOurs ? (error as Error).message : ((error as Error).stack ?? error)}\n`)
  process.exit(1)
}

/** Loaded only where somebody collects traces; before Fastify is made. */
async function trace(endpoint: string | null, serviceVersion: string): Promise<() => Promise<void>> {
  if (endpoint === null) return async () => undefined
  const { startTracing } = await import('@gatehouse/tracing')
  return startTracing({ endpoint, serviceName: 'gatehouse-resource', serviceVersion })
}
