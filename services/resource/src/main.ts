/** The process: reads the configuration, listens, and shuts down gracefully. */
import { readFileSync } from 'node:fs'
import { systemClock } from '@gatehouse/clock'
import { GuardSettingsError } from '@gatehouse/guard'
import { shutdownOnSignals } from '@gatehouse/http'
import { SettingsError } from '@gatehouse/settings'
import { traceTo } from '@gatehouse/tracing'
import { buildApp } from './app.ts'
import { readConfig } from './config.ts'

/** Shorter than the ten seconds of a start. After it the process listens, leased or not. */
const timeoutMs = 5000
const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')

try {
  const config = readConfig(process.env)
  const { version }: { version: string } = JSON.parse(manifest)
  const stopTracing = await traceTo({
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    serviceName: 'gatehouse-resource',
    serviceVersion: version,
  })
  const app = await buildApp({ config, version, clock: systemClock, timeoutMs })
  app.addHook('onClose', stopTracing)
  shutdownOnSignals(app, { clock: systemClock, drainMs: config.DRAIN_MS })
  const address = await app.listen({ host: config.HOST, port: config.PORT })
  app.log.info({ address }, 'listening')
} catch (error) {
  const isOperatorError =
    error instanceof SettingsError ||
    error instanceof GuardSettingsError ||
    (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  process.stderr.write(`${isOperatorError ? (error as Error).message : ((error as Error).stack ?? error)}\n`)
  process.exit(1)
}
