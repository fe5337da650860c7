/** Metrics of revocations: how long they take to be in force, and what they waited for. */
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Barrier } from './barrier.ts'

/** @returns the same barrier, which measures its waits */
export function revokeMetrics(metrics: Registry, barrier: Barrier): Barrier {
  const inForceSeconds = new Histogram({
    name: 'gatehouse_revoke_in_force_seconds',
    help: 'From the commit of a revocation until it is in force everywhere',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 10, 20],
    registers: [metrics],
  })
  const notAwaited = new Counter({
    name: 'gatehouse_revoke_not_awaited_total',
    help: 'Revocations whose caller did not wait until they were in force',
    registers: [metrics],
  })
  const leasesAwaited = new Counter({
    name: 'gatehouse_revoke_waited_for_lease_total',
    help: 'Guards that did not acknowledge a revocation, so that it waited for the end of their lease',
    registers: [metrics],
  })
  const wait: Barrier['wait'] = async (entry, timeoutMs, watch) => {
    const result = await barrier.wait(entry, timeoutMs, watch)
    // The caller of the revocation has been counted.
    if (watch !== undefined) return result
    if (result.inForce) inForceSeconds.observe(result.waitedMs / 1000)
    else notAwaited.inc()
    leasesAwaited.inc(result.guards.filter(({ leaseEndedAt }) => leaseEndedAt !== null).length)
    return result
  }
  return { ...barrier, wait }
}

/** @returns a function that is called with the number of sessions whose ends share a commit */
export function revocationBatchMetric(metrics: Registry): (size: number) => void {
  const batchSize = new Histogram({
    name: 'gatehouse_revoke_batch_size',
    help: 'Sessions that were ended one by one and share a statement and a commit',
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers: [metrics],
  })
  return size => batchSize.observe(size)
}
