/** `GET /metrics`: live guards and their lag, requests, and the process, for Prometheus. */
import type { RequestMetrics } from '@gatehouse/http'
import type { FastifyPluginAsync } from 'fastify'
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import type { Db } from '../database/database.ts'
import { readLiveGuards } from '../store/guards.ts'
import { quietLogLevel } from './logLevel.ts'

export interface MetricsOptions {
  metrics: Registry
  requests: RequestMetrics
  db: Db
}

/** Not for the outside: the gateway does not pass it on. */
export const metricsRoute: FastifyPluginAsync<MetricsOptions> = async (app, { metrics, requests, db }) => {
  // By default it would wake an idle process a hundred times a second, to see how late it wakes.
  collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: 100 })
  const liveGuards = new Gauge({ name: 'gatehouse_guards_live', help: 'Guards whose lease runs', registers: [metrics] })
  const guardLag = new Gauge({
    name: 'gatehouse_guard_lag_entries',
    help: 'Entries that a guard does not hold yet',
    labelNames: ['guard'],
    registers: [metrics],
  })

  app.get('/metrics', { schema: { hide: true }, logLevel: quietLogLevel(app) }, async (_request, reply) => {
    const { guards, head } = await readLiveGuards(db)
    liveGuards.set(guards.length)
    guardLag.reset()
    for (const { name, cursor } of guards) guardLag.set({ guard: name }, head - cursor)
    return reply.type(metrics.contentType).send((await metrics.metrics()) + requests.text())
  })
}
