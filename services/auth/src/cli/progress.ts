/** Says on a terminal that something takes its time: what is being done, and how long it has taken. */
import type { Clock } from '@gatehouse/clock'

/** What is being done, with the counts that are known by now. */
export type ReportProgress = (what: string) => void

/** Nothing is said within the first second, and nothing is left behind. */
export async function withProgress<Result>(
  clock: Clock,
  stream: NodeJS.WriteStream,
  work: (reportProgress: ReportProgress) => Promise<Result>,
): Promise<Result> {
  if (!stream.isTTY) return work(() => undefined)
  const doing = { what: 'waiting for the answer' }
  const over = new AbortController()
  const shown = show(clock, { stream, doing, signal: over.signal })
  const reportProgress: ReportProgress = what => {
    doing.what = what
  }
  return work(reportProgress).finally(async () => {
    over.abort()
    await shown
  })
}

interface Shown {
  stream: NodeJS.WriteStream
  doing: Readonly<{ what: string }>
  signal: AbortSignal
}

async function show(clock: Clock, { stream, doing, signal }: Shown): Promise<void> {
  for (let seconds = 1; ; seconds += 1) {
    await clock.sleep(1000, signal).catch(() => undefined)
    if (signal.aborted) break
    stream.write(`\r\u001b[K${doing.what}, ${seconds} s`)
  }
  stream.write('\r\u001b[K')
}
