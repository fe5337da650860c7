/** Measures how long a guard blocks its event loop when it applies ten thousand revocations. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pageSize, startScriptedGuard, until } from '@gatehouse/e2e'
import { type BenchRun, inRounds } from '../benchRun.ts'
import { figure, type Result } from '../result.ts'

const pages = 10_000 / pageSize

export async function guardStall(benchRun: BenchRun): Promise<Result[]> {
  const { guard, publish, stop } = await startScriptedGuard()
  const stallsMs = await inRounds(benchRun.rounds, async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const head = publish(pages)
    delay.enable()
    await until(async () => guard.state().cursor === head)
    delay.disable()
    return delay.max / 1e6
  })
  await stop()
  const what = 'the longest event loop delay while a guard applies 10,000 revocations'
  return [figure({ name: 'guard-stall', what, unit: 'ms', aim: 'under 20' }, stallsMs)]
}
