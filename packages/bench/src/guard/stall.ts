/** For how long a guard stops its process while it learns ten thousand revocations. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pageSize, startScriptedGuard, until } from '@gatehouse/e2e'
import { type BenchRun, inRounds } from '../benchRun.ts'
import { figure, type Result } from '../result.ts'

const pages = 10_000 / pageSize

export async function guardStall(course: BenchRun): Promise<Result[]> {
  const { guard, tell, stop } = await startScriptedGuard()
  const stallsMs = await inRounds(course.rounds, async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const head = tell(pages)
    delay.enable()
    await until(async () => guard.state().cursor === head)
    delay.disable()
    return delay.max / 1e6
  })
  await stop()
  const what = 'the longest stall of a process whose guard learns 10,000 revocations'
  return [figure({ name: 'guard-stall', what, unit: 'ms', aim: 'under 20' }, stallsMs)]
}
