/** Prints each step of the start when it begins, and its duration when it ends. */
import { setImmediate } from 'node:timers/promises'

export interface Progress {
  /** @throws the reason of the signal when the start was interrupted, before or during the step */
  step: <Result>(label: string, work: () => Promise<Result>) => Promise<Result>
}

export function createProgress(write: (text: string) => void, signal: AbortSignal): Progress {
  return {
    async step(label, work) {
      signal.throwIfAborted()
      const startedAt = performance.now()
      write(`  ${label.padEnd(11)} `)
      const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1)
      try {
        const result = await work()
        signal.throwIfAborted()
        write(`${seconds()} s\n`)
        return result
      } catch (error) {
        // Ctrl-C also ends a child that the step waits for, whose failure can come first. The event loop
        // reads signals between two immediates.
        await setImmediate()
        await setImmediate()
        if (!signal.aborted) write('failed\n')
        throw error
      }
    },
  }
}
