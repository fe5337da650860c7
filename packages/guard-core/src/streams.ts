/** Tracks open streams, and closes each when its token is revoked or expires, or when the lease ends. */
import type { Entry, ProblemCode } from '@gatehouse/contract'
import { problemOfEffect } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'

/**
 * Closes a stream. It is called once, with the problem's code or `shutdown`, and must not throw.
 */
export type CloseStream = (why: ProblemCode | 'shutdown') => void

/** How a stream is tracked. */
export interface TrackOptions {
  /** When the lease ends: close the stream (the default), or keep it open. */
  onUnknown?: 'refuse' | 'allow'
}

export interface StreamTracker {
  /**
   * @returns a function that releases the stream; `overloaded` when too many are open or the process
   *   is stopping, `rate-limited` when too many of the account are open
   */
  track(caller: Caller, close: CloseStream, options: TrackOptions): (() => void) | 'overloaded' | 'rate-limited'
  /**
   * Closes the streams that these entries cover. It runs before the guard acknowledges the entries.
   */
  revoke(entries: readonly Entry[]): void
  /** Closes the streams whose token expired at or before this time, in milliseconds since 1970. */
  expire(expiredAtMs: number): void
  /** Closes the streams that require a lease. */
  lapse(): void
  closeAll(): void
  /** When the next token expires, in milliseconds since 1970; infinity when no stream is open. */
  nextExpiryMs(): number
  size(): number
}

export interface StreamLimits {
  maxStreams: number
  /** The share of one account or service client, so that it cannot take all streams. */
  maxStreamsPerAccount: number
  onError: (error: unknown) => void
}

interface Stream {
  caller: Caller
  close: CloseStream
  runsOnUnknown: boolean
}

/**
 * @param limits `maxStreams` is the maximum number of open streams; `onError` receives the error of
 *   a `close` that throws, after which the other streams are closed as well
 */
export function createStreamTracker(limits: StreamLimits): StreamTracker {
  const streams = new Set<Stream>()
  let isClosing = false
  const bySid = new Map<string, Set<Stream>>()
  const bySub = new Map<string, Set<Stream>>()

  function release(stream: Stream): boolean {
    if (!streams.delete(stream)) return false
    for (const sid of sessionsOf(stream.caller)) removeFrom(bySid, sid, stream)
    removeFrom(bySub, stream.caller.id, stream)
    return true
  }

  function close(stream: Stream, reason: ProblemCode | 'shutdown'): void {
    if (!release(stream)) return
    try {
      stream.close(reason)
    } catch (error) {
      limits.onError(error)
    }
  }

  function streamsCoveredBy(entry: Entry): Stream[] {
    if (entry.kind === 'key') {
      if (entry.effect !== 'withdrawn') return []
      return [...streams].filter(({ caller }) => caller.keyId === entry.key.kid)
    }
    const { kind, subject, epoch } = entry
    if (kind === 'global') return [...streams].filter(({ caller }) => caller.claims.global_epoch < (epoch ?? 0))
    const candidates = [...((kind === 'session' ? bySid : bySub).get(subject ?? '') ?? [])]
    return kind === 'session' ? candidates : candidates.filter(({ caller }) => caller.claims.epoch < (epoch ?? 0))
  }

  return {
    track(caller, closeStream, { onUnknown = 'refuse' }) {
      if (isClosing || streams.size >= limits.maxStreams) return 'overloaded'
      if ((bySub.get(caller.id)?.size ?? 0) >= limits.maxStreamsPerAccount) return 'rate-limited'
      const stream: Stream = { caller, close: closeStream, runsOnUnknown: onUnknown === 'allow' }
      streams.add(stream)
      for (const sid of sessionsOf(caller)) addTo(bySid, sid, stream)
      addTo(bySub, caller.id, stream)
      return () => {
        release(stream)
      }
    },
    revoke(entries) {
      if (streams.size === 0) return
      for (const entry of entries)
        for (const stream of streamsCoveredBy(entry))
          close(stream, entry.kind === 'key' ? 'token-invalid' : problemOfEffect[entry.effect])
    },
    expire(expiredAtMs) {
      for (const stream of [...streams]) if (expiryMs(stream) <= expiredAtMs) close(stream, 'token-expired')
    },
    lapse() {
      for (const stream of [...streams]) if (!stream.runsOnUnknown) close(stream, 'revocation-unknown')
    },
    closeAll() {
      isClosing = true
      for (const stream of [...streams]) close(stream, 'shutdown')
    },
    nextExpiryMs() {
      let next = Number.POSITIVE_INFINITY
      for (const stream of streams) next = Math.min(next, expiryMs(stream))
      return next
    },
    size: () => streams.size,
  }
}

/** Of the token, and of the client that acts with it. */
function sessionsOf({ sid, claims }: Caller): string[] {
  return claims.act?.sid === undefined ? [sid] : [sid, claims.act.sid]
}

function expiryMs({ caller }: Stream): number {
  return caller.claims.exp * 1000
}

function addTo(index: Map<string, Set<Stream>>, name: string, stream: Stream): void {
  const streams = index.get(name)
  if (streams) streams.add(stream)
  else index.set(name, new Set([stream]))
}

function removeFrom(index: Map<string, Set<Stream>>, name: string, stream: Stream): void {
  const streams = index.get(name)
  streams?.delete(stream)
  if (streams?.size === 0) index.delete(name)
}
