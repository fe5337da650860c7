/** What Prometheus reads: revoke-to-in-force, live guards and their lag, and the process itself. */
import type { RequestMetrics } from '@gatehouse/http'
import type { FastifyPluginAsync } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client'
import type { Db } from '../database/database.ts'
import type { Barrier } from '../revoke/barrier.ts'
import { readLiveGuards } from '../store/guards.ts'
import { quietLogLevel } from './logLevel.ts'

/** The same barrier, its waits measured. */
export function revokeMetrics(metrics: Registry, barrier: Barrier): Barrier {
  const waited = new Histogram({
    name: 'gatehouse_revoke_in_force_seconds',
    help: 'From the commit of a revocation until it is in force everywhere',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 10, 20],
    registers: [metrics],
  })
  const impatient = new Counter({
    name: 'gatehouse_revoke_not_awaited_total',
    help: 'Revocations whose caller did not wait until they were in force',
    registers: [metrics],
  })
  const lapsed = new Counter({
    name: 'gatehouse_revoke_waited_for_lease_total',
    help: 'Guards that did not acknowledge a revocation, so that it waited for the end of their lease',
    registers: [metrics],
  })
  const wait: Barrier['wait'] = async (seq, timeoutMs) => {
    const standing = await barrier.wait(seq, timeoutMs)
    if (standing.inForce) waited.observe(standing.waitedMs / 1000)
    else impatient.inc()
    lapsed.inc(standing.guards.filter(({ leaseEndedAt }) => leaseEndedAt !== null).length)
    return standing
  }
  return { ...barrier, wait }
}

export interface MetricsOptions {
  metrics: Registry
  requests: RequestMetrics
  db: Db
}

/** Not for the outside: the gateway does not pass it on. */
export const metricsRoute: FastifyPluginAsync<MetricsOptions> = async (app, { metrics, requests, db }) => {
  // By default it would wake an idle process a hundred times a second, to see how late it wakes.
  collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: 100 })
  const live = new Gauge({ name: 'gatehouse_guards_live', help: 'Guards whose lease runs', registers: [metrics] })
  const lag = new Gauge({
    name: 'gatehouse_guard_lag_entries',
    help: 'Entries that a guard does not hold yet',
    labelNames: ['guard'],
    registers: [metrics],
  })

  app.get('/metrics', { schema: { hide: true }, logLevel: quietLogLevel(app) }, async (_request, reply) => {
    const { guards, head } = await readLiveGuards(db)
    live.set(guards.length)
    lag.reset()
    for (const { name, cursor } of guards) lag.set({ guard: name }, head - cursor)
    return reply.type(metrics.contentType).send((await metrics.metrics()) + requests.text())
  })
}
