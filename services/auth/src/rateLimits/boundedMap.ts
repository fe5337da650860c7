/** A map with a limit: beyond it the oldest entry is forgotten. */

export type BoundedMap<Value> = Pick<Map<string, Value>, 'get' | 'set' | 'delete'>

/** @param maxEntries bounds the memory */
export function boundedMap<Value>(maxEntries: number): BoundedMap<Value> {
  const map = new Map<string, Value>()
  const set = (key: string, value: Value) => {
    map.set(key, value)
    const [oldest] = map.keys()
    if (map.size > maxEntries && oldest !== undefined) map.delete(oldest)
    return map
  }
  return { get: map.get.bind(map), set, delete: map.delete.bind(map) }
}
