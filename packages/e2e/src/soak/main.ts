/**
 * `npx pnpm soak --minutes N`: mixed load on both services; reports their memory, and exits with 1
 * if it keeps growing.
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '@gatehouse/clock'
import { startPostgres } from '@gatehouse/testkit'
import { type System, startSystem } from '../system.ts'
import { startLoad } from './load.ts'
import { isGrowing, type MemoryTrend, memoryTrend, residentMb } from './memory.ts'

const counts = { clients: 12, accounts: 20 }
const samplesPerRun = 60
/** Growth from the middle to the last third that is within the variation of V8's heap. */
const allowedShare = 0.1

/** Short, so that the caches and the revocation index reach their steady state in minutes. */
const env = { ACCESS_TOKEN_SECONDS: '60' }

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
  const minutes = Number(values.minutes)
  if (!(minutes > 0 && minutes <= 24 * 60)) {
    console.error('Usage: soak [--minutes N]')
    return 2
  }
  const postgres = await startPostgres({
    dataDir: await mkdtemp(join(tmpdir(), 'gatehouse-soak-')),
    persistent: false,
  })
  try {
    const system = await startSystem({ databaseUrl: postgres.url, auths: 1, resources: 1, env })
    try {
      return await soak(system, minutes * 60)
    } finally {
      await system.stop()
    }
  } finally {
    await postgres.stop()
  }
}

async function soak(system: System, seconds: number): Promise<number> {
  const services = { auth: system.auths[0], resource: system.resources[0] }
  const samples: Record<string, number[]> = { auth: [], resource: [] }
  const load = await startLoad(system, counts)
  const startMs = systemClock.nowMs()
  for (let elapsed = 0; elapsed < seconds; elapsed = (systemClock.nowMs() - startMs) / 1000) {
    await systemClock.sleep((seconds * 1000) / samplesPerRun)
    for (const [name, service] of Object.entries(services)) {
      if (service !== undefined) samples[name]?.push(residentMb(service.pid))
    }
  }
  await load.stop()
  const answers = [...load.statuses].toSorted(([left], [right]) => left - right)
  console.log(`answers   ${answers.map(([status, count]) => `${count} x ${status}`).join(', ')}`)
  const trends = Object.entries(samples).map(([name, list]) => ({ name, trend: memoryTrend(list) }))
  for (const { name, trend } of trends) console.log(lineOf(name, trend))
  return trends.some(({ trend }) => isGrowing(trend, allowedShare)) ? 1 : 0
}

function lineOf(name: string, trend: MemoryTrend): string {
  const { thirdsMb, maxMb } = trend
  const thirds = thirdsMb.map(value => value.toFixed(0)).join(', ')
  const verdict = isGrowing(trend, allowedShare) ? 'GROWING' : 'steady'
  return `${name.padEnd(9)} ${verdict}: resident ${thirds} MB by thirds, at most ${maxMb.toFixed(0)} MB`
}

process.exitCode = await main()
