/** What a guard takes of memory, and what a guarded request allocates beyond an unguarded one. */
import { startProcess } from '@gatehouse/testkit'
import type { BenchRun } from '../benchRun.ts'
import { figure, type Result } from '../result.ts'
import { type Allocation, allocationPerRequest, brief, thorough } from './allocation.ts'

const tokens = { most: 100_000, inHaste: 10_000 }
const entries = { most: 1_000_000, inHaste: 250_000 }

export async function guardMemory(course: BenchRun): Promise<Result[]> {
  const bytesEach = async (what: 'tokens' | 'entries', count: number) => {
    const entry = new URL('./memoryWorker.js', import.meta.url).pathname
    const child = await startProcess({
      entry,
      arguments: [what, String(count)],
      readyWhen: /held (.*)/,
      timeoutMs: 120_000,
    })
    await child.exited
    const { held, bytes }: { held: number; bytes: number } = JSON.parse(child.ready)
    if (held < count * 0.99) throw new Error(`of ${count} ${what} only ${held} were held`)
    return bytes / held
  }
  const tokenBytes = await bytesEach('tokens', course.isQuick ? tokens.inHaste : tokens.most)
  const entryBytes = await bytesEach('entries', course.isQuick ? entries.inHaste : entries.most)
  const { guarded, unguarded }: Allocation = await allocationPerRequest(
    await course.environment(),
    course.isQuick ? brief : thorough,
  )
  return [
    figure({ name: 'guard-tokens-memory', what: 'memory of 100,000 verified tokens', unit: 'MB' }, [
      (tokenBytes * tokens.most) / 1e6,
    ]),
    figure({ name: 'guard-entries-memory', what: 'memory of 1,000,000 revoked sessions', unit: 'MB' }, [
      (entryBytes * entries.most) / 1e6,
    ]),
    figure(
      { name: 'guard-allocated', what: 'bytes that the guard allocates for a request with a known token', unit: 'B' },
      // Too little to be told from nothing may come out below it.
      [Math.max(0, guarded - unguarded)],
    ),
  ]
}
