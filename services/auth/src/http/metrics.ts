/** `GET /metrics`: live guards and their lag, requests, and the process, for Prometheus. */
import type { RequestMetrics } from '@gatehouse/http'
import type { FastifyPluginAsync } from 'fastify'
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import type { Db } from '../database/database.ts'
import { lagOf, readLiveGuards, readSilences } from '../store/guards.ts'
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
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [metrics] })
  // Prometheus renames `instance` of a service and puts the address that it reads there.
  const byGuard = ['guard', 'guard_id']
  const liveGuards = gauge('gatehouse_guards_live', 'Guards with a running lease')
  const guardLag = gauge(
    'gatehouse_guard_lag_entries',
    'Feed entries that a guard has not acknowledged, by its name and id',
    byGuard,
  )
  const silence = gauge(
    'gatehouse_guard_silent_seconds',
    'Time since the last poll of a guard until 5 minutes after its lease, by its name and id',
    byGuard,
  )
  const held = gauge(
    'gatehouse_revoke_held_seconds',
    'How long no revocation is in force because the history of the database has changed',
  )

  app.get('/metrics', { schema: { hide: true }, logLevel: quietLogLevel(app) }, async (_request, reply) => {
    const [live, silences] = await Promise.all([readLiveGuards(db), readSilences(db)])
    liveGuards.set(live.guards.length)
    guardLag.reset()
    silence.reset()
    for (const guard of live.guards) {
      guardLag.set({ guard: guard.name, guard_id: guard.id }, lagOf(guard, live))
    }
    // A frozen guard holds its lease for seconds: a scrape could miss it.
    for (const { id, name, seconds } of silences) silence.set({ guard: name, guard_id: id }, seconds)
    held.set(Math.max(0, (live.holdUntilMs ?? 0) - live.dbNowMs) / 1000)
    return reply.type(metrics.contentType).send((await metrics.metrics()) + requests.text())
  })
}
