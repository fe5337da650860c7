/** Reads one path of the API for a component, and reads it again. */
import { useEffect, useState } from 'preact/hooks'
import { call } from './api.ts'
import { isPaused } from './session.ts'

export interface Data<Value> {
  /** The last answer. It stays while the next is awaited, so that nothing on the page moves. */
  value?: Value
  etag?: string | null
  error?: unknown
  isLoading: boolean
  reload: () => void
}

interface Known<Value> extends Pick<Data<Value>, 'value' | 'etag' | 'error'> {
  path?: string
}

/**
 * @param path relative to the auth service; undefined reads nothing
 * @param everyMs reads again at this interval while the page is visible
 */
export function useData<Value>(path: string | undefined, everyMs?: number): Data<Value> {
  const [{ path: knownPath, error, ...known }, setKnown] = useState<Known<Value>>({})
  const [turn, setTurn] = useState(0)
  const reload = () => setTurn(count => count + 1)

  useEffect(() => {
    if (path === undefined) return
    let isLatest = true
    call<Value>(path).then(
      ({ data, etag }) => isLatest && setKnown({ path, value: data, etag }),
      failure => isLatest && setKnown(before => ({ ...(before.path === path && before), path, error: failure })),
    )
    return () => {
      isLatest = false
    }
  }, [path, turn])

  const hasFailed = error !== undefined
  useEffect(() => {
    if (everyMs === undefined && !hasFailed) return
    // After a failure the page recovers by itself.
    const timer = setInterval(() => document.hidden || isPaused.get() || reload(), everyMs ?? 3000)
    return () => clearInterval(timer)
  }, [everyMs, hasFailed])

  const isCurrent = knownPath === path
  return { ...known, error: isCurrent ? error : undefined, isLoading: !isCurrent, reload }
}
