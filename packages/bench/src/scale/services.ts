/** The services without load: time to start, memory and processor time. */
import { systemClock } from '@gatehouse/clock'
import { residentMb, type Service } from '@gatehouse/e2e'
import type { BenchRun } from '../benchRun.ts'
import { figure, type Result } from '../result.ts'
import { cpuShare } from '../usage.ts'

const startRounds = 3
/** V8 and the collector still work for some seconds after a start. */
const settlingMs = 15_000

export async function services(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  await environment.auth()
  return [
    ...(await measure(benchRun, {
      name: 'auth',
      readyWhen: 'until it listens',
      start: () => environment.addAuth(),
    })),
    ...(await measure(benchRun, {
      name: 'resource',
      readyWhen: 'until it has keys and a lease',
      start: () => environment.system.addResource(),
    })),
  ]
}

interface ServiceKind {
  name: string
  readyWhen: string
  start: () => Promise<Service>
}

async function measure(benchRun: BenchRun, { name, readyWhen, start }: ServiceKind): Promise<Result[]> {
  const startTimesMs: number[] = []
  const started: Service[] = []
  for (let round = 0; round < startRounds; round += 1) {
    const startMs = systemClock.nowMs()
    started.push(await start())
    startTimesMs.push(systemClock.nowMs() - startMs)
  }
  const pid = started[0]?.pid ?? 0
  if (!benchRun.isQuick) await systemClock.sleep(settlingMs)
  const share = await cpuShare(pid, benchRun.isQuick ? 3000 : 10_000)
  const results = [
    figure(
      { name: `${name}-start`, what: `start of the ${name} process ${readyWhen}`, unit: 'ms', aim: 'under 1,000' },
      startTimesMs,
    ),
    figure({ name: `${name}-memory`, what: `memory of the idle ${name} process`, unit: 'MB' }, [residentMb(pid)]),
    figure({ name: `${name}-idle-cpu`, what: `part of one core of the idle ${name} process`, unit: '%' }, [
      share * 100,
    ]),
  ]
  await Promise.all(started.map(service => service.stop()))
  return results
}
