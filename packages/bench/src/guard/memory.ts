/** The memory of a guard, and the bytes that it allocates for a request. */
import { startProcess } from '@gatehouse/testkit'
import type { BenchRun } from '../benchRun.ts'
import { figure, type Result } from '../result.ts'
import { allocationPerRequest, coarse, precise } from './allocation.ts'

const tokenCounts = { full: 100_000, quick: 10_000 }
const entryCounts = { full: 1_000_000, quick: 250_000 }

export async function guardMemory(benchRun: BenchRun): Promise<Result[]> {
  const mode = benchRun.isQuick ? 'quick' : 'full'
  const tokenBytes = await bytesEach('tokens', tokenCounts[mode])
  const entryBytes = await bytesEach('entries', entryCounts[mode])
  const { guarded, unguarded } = await allocationPerRequest(
    await benchRun.environment(),
    benchRun.isQuick ? coarse : precise,
  )
  return [
    figure({ name: 'guard-tokens-memory', what: 'memory of 100,000 verified tokens', unit: 'MB' }, [
      (tokenBytes * tokenCounts.full) / 1e6,
    ]),
    figure({ name: 'guard-entries-memory', what: 'memory of 1,000,000 revoked sessions', unit: 'MB' }, [
      (entryBytes * entryCounts.full) / 1e6,
    ]),
    figure(
      { name: 'guard-allocated', what: 'bytes that the guard allocates for a request with a known token', unit: 'B' },
      // A difference within the noise may be negative.
      [Math.max(0, guarded - unguarded)],
    ),
  ]
}

async function bytesEach(kind: 'tokens' | 'entries', count: number): Promise<number> {
  const worker = await startProcess({
    entry: new URL('./memoryWorker.js', import.meta.url).pathname,
    arguments: [kind, String(count)],
    readyWhen: /stored (.*)/,
    timeoutMs: 120_000,
  })
  await worker.exited
  const { stored, bytes }: { stored: number; bytes: number } = JSON.parse(worker.ready)
  if (stored < count * 0.99) throw new Error(`the guard stored ${stored} of ${count} ${kind}`)
  return bytes / stored
}
