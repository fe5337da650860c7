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

const client = { id: 'simulated-guards', secret: 'the secret of the simulated guards' }

/** Resolves when every guard has a lease. They are distributed evenly over the replicas. */
export async function startSimulatedGuards(
  environment: Environment,
  auths: readonly Service[],
  count: number,
): Promise<SimulatedGuards> {
  await environment.query(
    `INSERT INTO service_clients (id, name, secret_hash, scopes) VALUES ($1, $1, sha256($2::text::bytea), '{guard}')
     ON CONFLICT DO NOTHING`,
    [client.id, client.secret],
  )
  const credentials = [client.id, client.secret].map(encodeURIComponent).join(':')
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
