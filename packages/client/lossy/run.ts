/** Runs seeds against real services and a real PostgreSQL: many persons at once, each behind the lossy proxy. */
import { type System, startSystem } from '@gatehouse/e2e'
import { onServer } from '@gatehouse/testkit'
import { createPerson, type SeedReport } from './person.ts'
import { lossyProxy } from './proxy.ts'
import type { CreateClient } from './tab.ts'

export interface LossyOptions {
  databaseUrl: string
  create: CreateClient
  firstSeed: number
  seeds: number
  /** Persons at a time. */
  lanes: number
  /** The auth service is killed, and all connections to the database are cut, each time after so many seeds; 0 for never. */
  restartEvery: number
  /** Probability that a seed ends with a sign-out; 0.1 unless given. */
  signOutRate?: number
  /** Stops after the first violation. */
  stopsEarly?: boolean
  onSeed?(report: SeedReport): void
}

export interface LossyReport {
  seeds: number
  renewals: number
  violations: string[]
  /** Calls that passed, and faults by kind. */
  calls: Record<string, number>
  restarts: number
}

export async function runLossy(options: LossyOptions): Promise<LossyReport> {
  const { databaseUrl, lanes, firstSeed, seeds, create, signOutRate = 0.1 } = options
  // No window for retries: only the Idempotency-Key can lead to the successor.
  // Node has none: with it, the tabs of the cookie transport share their key as in a browser.
  globalThis.localStorage ??= {} as Storage
  const env = { RETRY_WINDOW_MS: '0' }
  const system = await startSystem({ databaseUrl, auths: 1, resources: 1, env })
  const proxy = await lossyProxy({
    auth: () => system.auths.at(-1)?.url ?? '',
    api: () => system.resources[0]?.url ?? '',
  })
  const violations: string[] = []
  const report = { seeds: 0, renewals: 0, restarts: 0 }
  let next = firstSeed
  try {
    const login = await system.createAccount('ada@example.org')
    const restarts = restarter(system, databaseUrl)
    const work = async (_: unknown, index: number) => {
      const transport = index % 3 === 2 ? 'cookie' : 'body'
      const person = createPerson({ lane: `lane${index}`, login, transport, proxy, create, signOutRate })
      while (next < firstSeed + seeds && !(options.stopsEarly && violations.length > 0)) {
        const seed = next++
        const done = await person.run(seed)
        report.seeds += 1
        report.renewals += done.renewals
        violations.push(...done.violations.map(text => `seed ${seed}, ${transport}: ${text}`))
        options.onSeed?.(done)
        if (options.restartEvery > 0 && report.seeds % options.restartEvery === 0) report.restarts += await restarts()
      }
    }
    await Promise.all(Array.from({ length: lanes }, work))
    violations.push(...(await reuses(databaseUrl)))
    return { ...report, violations, calls: Object.fromEntries(proxy.counts) }
  } finally {
    await proxy.close()
    await system.stop()
  }
}

/** Kills the auth process and cuts the connections of the one that takes its place. @returns how many restarts that was */
function restarter(system: System, databaseUrl: string): () => Promise<number> {
  let running: Promise<number> | undefined
  const restart = async () => {
    const auth = system.auths.at(-1)
    if (!auth) return 0
    await auth.kill()
    await system.addAuth({ port: Number(new URL(auth.url).port) })
    await onServer(
      databaseUrl,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )
    return 1
  }
  return async () => {
    if (running) return 0
    running = restart()
    return running.finally(() => {
      running = undefined
    })
  }
}

/** What the audit log says of sessions that were ended because an old refresh token was presented. */
async function reuses(databaseUrl: string): Promise<string[]> {
  const { rows } = await onServer(
    databaseUrl,
    "SELECT target, detail FROM audit_entries WHERE detail ? 'presentedGeneration' ORDER BY id",
  )
  return rows.map(
    ({ target, detail }) => `refresh-reused in the audit for session ${target}: ${JSON.stringify(detail)}`,
  )
}
