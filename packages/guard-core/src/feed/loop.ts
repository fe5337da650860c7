/** A loop that runs in the background until it is stopped. */

export interface Loop {
  start(): void
  /** Resolves when the loop has ended. */
  stop(): Promise<void>
}

/**
 * @param run runs until the signal aborts. It may reject then, for example out of a pause; every
 *   other error is an unhandled rejection.
 */
export function createLoop(run: (stopping: AbortSignal) => Promise<void>): Loop {
  const stopping = new AbortController()
  let running: Promise<void> = Promise.resolve()
  return {
    start() {
      running = run(stopping.signal).catch(error => {
        if (!stopping.signal.aborted) throw error
      })
    },
    async stop() {
      stopping.abort(new Error('stopping'))
      await running
    },
  }
}
