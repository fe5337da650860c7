/** Runs seeds against real services and a real PostgreSQL: many persons at once, each behind the lossy proxy. */
import { type System, startSystem } from '@gatehouse/e2e'
import { onServer } from '@gatehouse/testkit'
import type { Database } from './database.ts'
import { createPerson, type SeedReport } from './person.ts'
import { lossyProxy } from './proxy.ts'
import type { CreateClient } from './tab.ts'

export interface LossyOptions {
  database: Pick<Database, 'url'> & Partial<Database>
  create: CreateClient
  firstSeed: number
  seeds: number
  /** Persons at a time. */
  lanes: number
  /**
   * After so many seeds the auth service is killed and its successor's connections to the database are cut; after as many
   * again the database is killed; and so on. 0 for never.
   */
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
  crashes: number
}

export async function runLossy(options: LossyOptions): Promise<LossyReport> {
  const { database, lanes, firstSeed, seeds, create, signOutRate = 0.1 } = options
  // No window for retries: only the Idempotency-Key can lead to the successor.
  // Node has none: with it, the tabs of the cookie transport share their key as in a browser.
  globalThis.localStorage ??= {} as Storage
  // Honest clients are never taken for two that share a session, however many answers are lost.
  const env = { RETRY_WINDOW_MS: '0', ON_SHARED_SESSION: 'end' }
  const system = await startSystem({ databaseUrl: database.url, auths: 1, resources: 1, env })
  const proxy = await lossyProxy({
    auth: () => system.auths.at(-1)?.url ?? '',
    api: () => system.resources[0]?.url ?? '',
  })
  const violations: string[] = []
  const report = { seeds: 0, renewals: 0, restarts: 0, crashes: 0 }
  let next = firstSeed
  try {
    const login = await system.createAccount('ada@example.org')
    const disturb = disturber(system, database)
    const work = async (_: unknown, index: number) => {
      const transport = index % 3 === 2 ? 'cookie' : 'body'
      const hasPlugIns = index % 3 !== 1
      const person = createPerson({ lane: `lane${index}`, login, transport, hasPlugIns, proxy, create, signOutRate })
      while (next < firstSeed + seeds && !(options.stopsEarly && violations.length > 0)) {
        const seed = next++
        const done = await person.run(seed)
        report.seeds += 1
        report.renewals += done.renewals
        violations.push(
          ...done.violations.map(text => `seed ${seed}, ${transport}${hasPlugIns ? '' : ', no plug-ins'}: ${text}`),
        )
        options.onSeed?.(done)
        if (options.restartEvery > 0 && report.seeds % options.restartEvery === 0)
          Object.assign(report, await disturb())
      }
    }
    const stopAll = (error: unknown) => {
      next = Number.POSITIVE_INFINITY
      throw error
    }
    await Promise.all(Array.from({ length: lanes }, (_, index) => work(_, index).catch(stopAll)))
    violations.push(...(await reuses(database.url)))
    return { ...report, violations, calls: Object.fromEntries(proxy.counts) }
  } finally {
    await proxy.close()
    await system.stop()
  }
}

/** @returns a function that makes the next disturbance, unless one is under way, and counts those made until now */
function disturber(system: System, { url, crash }: LossyOptions['database']) {
  const made = { restarts: 0, crashes: 0 }
  let running: Promise<void> | undefined

  async function restart(): Promise<void> {
    const auth = system.auths.at(-1)
    if (!auth) return
    await auth.kill()
    await system.addAuth({ port: Number(new URL(auth.url).port) })
    await onServer(
      url,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )
    made.restarts += 1
  }

  async function disturb(): Promise<void> {
    if (!crash || made.restarts === made.crashes) return restart()
    await crash()
    made.crashes += 1
  }

  return async () => {
    running ??= disturb().finally(() => {
      running = undefined
    })
    await running
    return made
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
