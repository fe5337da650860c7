/** For how long a guard stops its process while it learns ten thousand revocations. */
import { generateKeyPairSync } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createGuard } from '@gatehouse/guard'
import { pageSize, startPagesFeed } from '../../pagesOfRevocations.ts'
import { until } from '../../system.ts'
import { type Course, inRounds } from '../course.ts'
import { figure, type Result } from '../result.ts'

const pages = 10_000 / pageSize

export async function guardStall(course: Course): Promise<Result[]> {
  const feed = await startPagesFeed()
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const guard = createGuard({
    ...{ issuer: 'https://auth.example.org', audience: 'gatehouse', clientId: 'resource', clientSecret: 'secret' },
    authUrls: [feed.url],
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  })
  guard.start()
  await until(async () => guard.state().cursor === 0)
  const stallsMs = await inRounds(course.rounds, async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const head = feed.append(pages)
    delay.enable()
    await until(async () => guard.state().cursor === head)
    delay.disable()
    return delay.max / 1e6
  })
  feed.close()
  await guard.stop()
  const what = 'the longest stall of a process whose guard learns 10,000 revocations'
  return [figure({ name: 'guard-stall', what, unit: 'ms', aim: 'under 20' }, stallsMs)]
}
