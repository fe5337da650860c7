/** `npx pnpm soak --minutes N`: mixed load on both services; exits with 1 if memory grows. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '@gatehouse/clock'
import { startPostgres } from '@gatehouse/testkit'
import { type Service, type System, startSystem } from '../system.ts'
import { startLoad } from './load.ts'
import { collectEnv, isGrowing, liveMb, type MemoryReport, residentMb } from './memory.ts'

const counts = { clients: 12, accounts: 20 }
/** Growth of live memory in the last third that is within the variation of caches. */
const allowedShare = 0.1
const sampleMs = 1000

/** Short-lived tokens: caches and the revocation index reach their steady state in minutes. */
const env = { ...collectEnv, ACCESS_TOKEN_SECONDS: '60' }

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
  const minutes = Number(values.minutes)
  if (!(minutes > 0 && minutes <= 24 * 60)) {
    console.error('Usage: soak [--minutes N]')
    return 2
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-soak-'))
  const postgres = await startPostgres({ dataDir, persistent: false })
  try {
    const system = await startSystem({ databaseUrl: postgres.url, auths: 1, resources: 1, env })
    try {
      return await soak(system, minutes * 60_000)
    } finally {
      await system.stop()
    }
  } finally {
    await postgres.stop()
  }
}

async function soak(system: System, durationMs: number): Promise<number> {
  const load = await startLoad(system, counts)
  const startMs = systemClock.nowMs()
  const measured = [...system.auths, ...system.resources].map(service => measure(service, { startMs, durationMs }))
  const [auth, resource] = await Promise.all(measured)
  await load.stop()
  const answers = [...load.statuses].toSorted(([left], [right]) => left - right)
  console.log(`answers   ${answers.map(([status, count]) => `${count} x ${status}`).join(', ')}`)
  const reports = { auth, resource } as Record<string, MemoryReport>
  for (const [name, report] of Object.entries(reports)) console.log(lineOf(name, report))
  return Object.values(reports).some(report => isGrowing(report, allowedShare)) ? 1 : 0
}

async function measure(service: Service, span: { startMs: number; durationMs: number }): Promise<MemoryReport> {
  const live: number[] = []
  let maxResident = 0
  while (live.length < 3) {
    await systemClock.sleep(sampleMs)
    maxResident = Math.max(maxResident, residentMb(service.pid))
    const elapsedMs = systemClock.nowMs() - span.startMs
    if (elapsedMs >= (span.durationMs * (live.length + 1)) / 3) live.push(await liveMb(service, live.length))
  }
  return { live: live as MemoryReport['live'], maxResident }
}

function lineOf(name: string, report: MemoryReport): string {
  const live = report.live.map(value => value.toFixed(1)).join(', ')
  const verdict = isGrowing(report, allowedShare) ? 'GROWING' : 'steady'
  return `${name.padEnd(9)} ${verdict}: live ${live} MB after each third, resident at most ${report.maxResident.toFixed(0)} MB`
}

process.exitCode = await main()
