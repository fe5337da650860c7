/** A promise that other code settles. */

/** The promise and the functions that settle it. */
export interface Deferred {
  promise: Promise<void>
  resolve: () => void
  reject: (reason: Error) => void
}

/** @returns a promise whose rejection is no unhandled rejection when no caller waits for it */
export function deferred(): Deferred {
  let settle = { resolve: () => {}, reject: (_reason: Error) => {} }
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  promise.catch(() => {})
  return { promise, resolve: () => settle.resolve(), reject: reason => settle.reject(reason) }
}
