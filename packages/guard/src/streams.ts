/** The open streams, each closed when its token is revoked or expires, or when that can no longer be told. */
import type { Entry, ProblemCode } from '@gatehouse/contract'
import { problemOfEffect } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'

/** Called once, at once, and it must not throw; `shutdown` says that the process is stopping. */
export type Close = (why: ProblemCode | 'shutdown') => void

export interface TrackOptions {
  /** While the lease has lapsed: close it, or let it run on. */
  onUnknown?: 'refuse' | 'allow'
}

export interface StreamTracker {
  /** Undefined when there are too many already, or all have been closed for good. */
  hold(caller: Caller, close: Close, options: TrackOptions): (() => void) | undefined
  /** Closes what these entries cover: before they are acknowledged. */
  revoke(entries: readonly Entry[]): void
  /** Closes those whose token has expired. */
  expire(wallMs: number): void
  /** Closes those that only a lease allows. */
  lapse(): void
  closeAll(): void
  /** When the next token expires, in milliseconds since 1970; infinity when none is held. */
  nextExpiryMs(): number
  size(): number
}

interface Stream {
  caller: Caller
  close: Close
  runsOnUnknown: boolean
}

/** @param onFault told when a stream could not be closed; the others are closed all the same */
export function createStreamTracker(limits: { most: number; onFault: (error: unknown) => void }): StreamTracker {
  const all = new Set<Stream>()
  let isClosing = false
  const bySid = new Map<string, Set<Stream>>()
  const bySub = new Map<string, Set<Stream>>()

  function release(stream: Stream): boolean {
    if (!all.delete(stream)) return false
    remove(bySid, stream.caller.sid, stream)
    remove(bySub, stream.caller.id, stream)
    return true
  }

  function close(stream: Stream, why: ProblemCode | 'shutdown'): void {
    if (!release(stream)) return
    try {
      stream.close(why)
    } catch (error) {
      limits.onFault(error)
    }
  }

  function covered({ kind, subject, epoch }: Entry): Stream[] {
    if (kind === 'global') return [...all].filter(({ caller }) => caller.claims.global_epoch < (epoch ?? 0))
    const found = [...((kind === 'session' ? bySid : bySub).get(subject ?? '') ?? [])]
    return kind === 'session' ? found : found.filter(({ caller }) => caller.claims.epoch < (epoch ?? 0))
  }

  return {
    hold(caller, closeIt, { onUnknown = 'refuse' }) {
      if (isClosing || all.size >= limits.most) return undefined
      const stream: Stream = { caller, close: closeIt, runsOnUnknown: onUnknown === 'allow' }
      all.add(stream)
      add(bySid, caller.sid, stream)
      add(bySub, caller.id, stream)
      return () => {
        release(stream)
      }
    },
    revoke(entries) {
      if (all.size === 0) return
      for (const entry of entries) for (const stream of covered(entry)) close(stream, problemOfEffect[entry.effect])
    },
    expire(wallMs) {
      for (const stream of [...all]) if (expiryMs(stream) <= wallMs) close(stream, 'token-expired')
    },
    lapse() {
      for (const stream of [...all]) if (!stream.runsOnUnknown) close(stream, 'revocation-unknown')
    },
    closeAll() {
      isClosing = true
      for (const stream of [...all]) close(stream, 'shutdown')
    },
    nextExpiryMs() {
      let next = Number.POSITIVE_INFINITY
      for (const stream of all) next = Math.min(next, expiryMs(stream))
      return next
    },
    size: () => all.size,
  }
}

function expiryMs({ caller }: Stream): number {
  return caller.claims.exp * 1000
}

function add(index: Map<string, Set<Stream>>, name: string, stream: Stream): void {
  const same = index.get(name)
  if (same) same.add(stream)
  else index.set(name, new Set([stream]))
}

function remove(index: Map<string, Set<Stream>>, name: string, stream: Stream): void {
  const same = index.get(name)
  same?.delete(stream)
  if (same?.size === 0) index.delete(name)
}
