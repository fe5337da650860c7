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

/** Internal: the gateway does not forward this route. */
export const metricsRoute: FastifyPluginAsync<MetricsOptions> = async (app, { metrics, requests, db }) => {
  // The default precision would wake an idle process a hundred times a second.
  collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: 100 })
  const liveGuards = new Gauge({
    name: 'gatehouse_guards_live',
    help: 'Guards with a running lease',
    registers: [metrics],
  })
  const guardLag = new Gauge({
    name: 'gatehouse_guard_lag_entries',
    help: 'Feed entries that a guard has not acknowledged',
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
