/** Says on a terminal that something takes its time, and how long it has taken. */
import type { Clock } from '@gatehouse/clock'

/** Nothing is said within the first second, and nothing is left behind. */
export async function withProgress<Result>(
  clock: Clock,
  stream: NodeJS.WriteStream,
  work: Promise<Result>,
): Promise<Result> {
  if (!stream.isTTY) return work
  const over = new AbortController()
  const shown = show(clock, stream, over.signal)
  return work.finally(async () => {
    over.abort()
    await shown
  })
}

async function show(clock: Clock, stream: NodeJS.WriteStream, signal: AbortSignal): Promise<void> {
  for (let seconds = 1; ; seconds += 1) {
    await clock.sleep(1000, signal).catch(() => undefined)
    if (signal.aborted) break
    stream.write(`\rwaiting for the answer, ${seconds} s `)
  }
  stream.write('\r\u001b[K')
}
