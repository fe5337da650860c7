/** A guard that counts with prom-client. */
import * as core from '@gatehouse/guard-core'
import { prometheusMetrics } from '@gatehouse/guard-core/prometheus'
import type { Registry } from 'prom-client'

/** The options of a guard. */
export interface GuardOptions extends Omit<core.GuardOptions, 'metrics'> {
  /** The registry of prom-client for the guard's metrics. */
  metrics?: Registry
}

/**
 * Creates a guard. The plugin creates one unless it is given one.
 * @param options issuer, audience, service client and limits
 * @throws TypeError naming the option that is missing or not valid
 * @example
 * const shared = createGuard({ issuer, audience: 'gatehouse', clientId: 'warehouse', clientSecret })
 * app.get('/readyz', async () => ({ ready: shared.state().hasLease }))
 * await app.register(guard, { guard: shared })
 */
export function createGuard({ metrics, ...options }: GuardOptions): core.Guard {
  return core.createGuard({
    ...options,
    ...(metrics && { metrics: prometheusMetrics(metrics) }),
  })
}
