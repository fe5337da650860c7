/**
 * A value that components read and that re-renders them when it changes. It replaces
 * `@preact/signals`, which is a quarter of the budget of `/account`.
 */
import { useEffect, useState } from 'preact/hooks'

export interface Store<Value> {
  get: () => Value
  set: (value: Value) => void
  /** For components. */
  use: () => Value
}

export function createStore<Value>(initial: Value): Store<Value> {
  let current = initial
  const listeners = new Set<() => void>()
  const get = () => current
  return {
    get,
    set(value) {
      if (value === current) return
      current = value
      for (const listener of [...listeners]) listener()
    },
    use() {
      const [, render] = useState({})
      useEffect(() => {
        const listener = () => render({})
        listeners.add(listener)
        // It may have changed between the first render and this effect.
        listener()
        return () => void listeners.delete(listener)
      }, [])
      return current
    },
  }
}
