/** Starts a process of many guards that only poll. */
import type { Service } from '@gatehouse/e2e'
import { startProcess } from '@gatehouse/testkit'
import type { Environment } from '../environment.ts'

export interface SimulatedGuards {
  /** How many polls were answered so far. */
  polls: () => Promise<number>
  /** Each guard sends a leave request, so that no revocation waits for its lease. */
  stop: () => Promise<void>
}

/** Resolves when every guard has a lease. They are distributed evenly over the replicas. */
export async function startSimulatedGuards(
  environment: Environment,
  auths: readonly Service[],
  count: number,
): Promise<SimulatedGuards> {
  const credentials = await environment.createClient('simulated-guards', 'guard')
  const worker = await startProcess({
    entry: new URL('./simulatedGuards.js', import.meta.url).pathname,
    env: { BENCH_GUARDS: JSON.stringify({ authUrls: auths.map(({ url }) => url), count, credentials }) },
    readyWhen: /listening at (\S+)/,
    timeoutMs: 60_000,
  })
  return {
    polls: async () => {
      const { polls } = (await (await fetch(worker.ready)).json()) as { polls: number }
      return polls
    },
    stop: async () => {
      await worker.stop()
    },
  }
}
