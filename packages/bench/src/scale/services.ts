/** What the services take before anybody asks anything: time to start, memory, processor time. */
import { systemClock } from '@gatehouse/clock'
import type { Service } from '@gatehouse/e2e'
import type { BenchRun } from '../benchRun.ts'
import { figure, type Result } from '../result.ts'
import { idleShare, residentMb } from '../usage.ts'

/** A process that has just started still tidies up. */
const settlingMs = 15_000

export async function services(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  await place.auth()
  const kinds = [
    { name: 'auth', start: () => place.addAuth() },
    { name: 'resource', start: () => place.system.addResource() },
  ]
  const results: Result[] = []
  for (const { name, start } of kinds) {
    const startedMs: number[] = []
    const started: Service[] = []
    for (let round = 0; round < 3; round += 1) {
      const beganMs = systemClock.nowMs()
      started.push(await start())
      startedMs.push(systemClock.nowMs() - beganMs)
    }
    const [first] = started
    if (!course.isQuick) await systemClock.sleep(settlingMs)
    const share = await idleShare(first?.pid ?? 0, course.isQuick ? 3000 : 10_000)
    const until = name === 'auth' ? 'until it listens' : 'until it has keys and a lease'
    results.push(
      figure(
        { name: `${name}-start`, what: `the ${name} process from nothing ${until}`, unit: 'ms', aim: 'under 1,000' },
        startedMs,
      ),
      figure({ name: `${name}-memory`, what: `memory of the idle ${name} process`, unit: 'MB' }, [
        residentMb(first?.pid ?? 0),
      ]),
      figure({ name: `${name}-idle-cpu`, what: `part of one core of the idle ${name} process`, unit: '%' }, [
        share * 100,
      ]),
    )
    await Promise.all(started.map(service => service.stop()))
  }
  return results
}
