/** The process: configuration, listening, and an end that drops nobody. */
import { readFileSync } from 'node:fs'
import { systemClock } from '@gatehouse/clock'
import { openConnections, stopGently } from '@gatehouse/guard'
import { buildApp } from './app.ts'
import { ConfigError, readConfig } from './config.ts'

const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')

try {
  const config = readConfig(process.env)
  const { version }: { version: string } = JSON.parse(manifest)
  const app = await buildApp({ config, version, clock: systemClock })
  const connections = openConnections(app.server)
  const address = await app.listen({ host: config.host, port: config.port })
  app.log.info({ address }, 'listening')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => stopGently(app, { clock: systemClock, connections, drainMs: config.drainMs, signal }))
  }
} catch (error) {
  const isOurs = error instanceof ConfigError || (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  process.stderr.write(`${isOurs ? (error as Error).message : ((error as Error).stack ?? error)}\n`)
  process.exit(1)
}
