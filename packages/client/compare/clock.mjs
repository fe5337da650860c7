/** Time that moves by hours at once, for clients that read `Date` and wait by `setTimeout`. */

const RealDate = Date
const realSetTimeout = setTimeout

/** All time runs this much faster, so that pauses between retries are short. */
const speed = 20

export function createClock() {
  const startMs = RealDate.now()
  let jumpedMs = 0
  const nowMs = () => performance.now() * speed + jumpedMs
  return {
    advance(ms) {
      jumpedMs += ms
    },
    nowMs,
    wallMs: () => Math.round(startMs + nowMs()),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = realSetTimeout(resolve, ms / speed)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          reject(signal.reason)
        })
      }),
  }
}

/** Replaces the global `Date` and shortens the pauses between retries. */
export function installDate(clock) {
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length > 0 ? args : [clock.wallMs()]))
    }
    static now() {
      return clock.wallMs()
    }
  }
  globalThis.setTimeout = (task, ms = 0, ...args) => realSetTimeout(task, ms / speed, ...args)
}
