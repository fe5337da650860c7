/** Ctrl-C and the other signals that ask a command to stop. */

/** As shells report a command that SIGINT ended: 128 + 2. */
export const interruptedCode = 130

/** Signals that follow each other within this time are one. */
const sameMs = 500
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Takes over the signals of this process. A second Ctrl-C ends the process at once; children that
 * `startProcess` and `startPostgres` started end with it.
 * @returns a signal that aborts at the first one; its reason is the exit code
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  let firstMs = 0
  for (const name of signals) {
    process.removeAllListeners(name)
    process.on(name, () => {
      const code = name === 'SIGINT' ? interruptedCode : 0
      // The terminal and a parent such as pnpm may both deliver the same Ctrl-C.
      if (controller.signal.aborted && performance.now() > firstMs + sameMs) process.exit(interruptedCode)
      if (!controller.signal.aborted) firstMs = performance.now()
      controller.abort(code)
    })
  }
  return controller.signal
}
