/** Reads one path of the API for a component, and reads it again. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { call } from './api.ts'
import { isPaused } from './session.ts'

export interface Data<Value> {
  /** The last answer. It stays while the next is awaited, so that nothing on the page moves. */
  value: Value | undefined
  etag: string | undefined
  error: unknown
  isLoading: boolean
  reload: () => void
}

interface Known<Value> {
  path: string
  value?: Value
  etag?: string | undefined
  error?: unknown
}

/**
 * @param path relative to the auth service; undefined reads nothing
 * @param everyMs reads again at this interval while the page is visible
 */
export function useData<Value>(path: string | undefined, everyMs?: number): Data<Value> {
  const [known, setKnown] = useState<Known<Value>>({ path: '' })
  const [turn, setTurn] = useState(0)
  const reload = useCallback(() => setTurn(count => count + 1), [])
  const latest = useRef(0)

  useEffect(() => {
    if (path === undefined) return
    latest.current += 1
    const mine = latest.current
    call<Value>(path).then(
      ({ data, etag }) => mine === latest.current && setKnown({ path, value: data, etag }),
      error =>
        mine === latest.current && setKnown(before => ({ ...(before.path === path ? before : { path }), error })),
    )
  }, [path, turn])

  useEffect(() => {
    if (everyMs === undefined && known.error === undefined) return
    // After a failure the page recovers by itself.
    const timer = setInterval(() => document.hidden || isPaused.get() || reload(), everyMs ?? 3000)
    return () => clearInterval(timer)
  }, [everyMs, known.error === undefined])

  const isCurrent = known.path === path
  return {
    value: known.value,
    etag: known.etag,
    error: isCurrent ? known.error : undefined,
    isLoading: !isCurrent,
    reload,
  }
}
