/** Shows on a terminal what a slow command does, and for how long it has run. */
import type { Clock } from '@gatehouse/clock'

/** @param activity what is being done, with the present counts */
export type ReportProgress = (activity: string) => void

/** Shows nothing within the first second, and clears the line at the end. */
export async function withProgress<Result>(
  clock: Clock,
  stream: NodeJS.WriteStream,
  work: (reportProgress: ReportProgress) => Promise<Result>,
): Promise<Result> {
  if (!stream.isTTY) return work(() => undefined)
  const current = { activity: 'waiting for the response' }
  const over = new AbortController()
  const shown = show(clock, { stream, current, signal: over.signal })
  const reportProgress: ReportProgress = activity => {
    current.activity = activity
  }
  return work(reportProgress).finally(async () => {
    over.abort()
    await shown
  })
}

interface Shown {
  stream: NodeJS.WriteStream
  current: Readonly<{ activity: string }>
  signal: AbortSignal
}

async function show(clock: Clock, { stream, current, signal }: Shown): Promise<void> {
  for (let seconds = 1; ; seconds += 1) {
    await clock.sleep(1000, signal).catch(() => undefined)
    if (signal.aborted) break
    stream.write(`\r\u001b[K${current.activity}, ${seconds} s`)
  }
  stream.write('\r\u001b[K')
}
