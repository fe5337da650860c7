/**
 * Fetches the keys that the auth service publishes (RFC 7517).
 *
 * They are fetched at the start, every five minutes, and when a token names an unknown key, at most
 * once per cool-down. Only one fetch runs at a time, and the response of an aborted fetch is
 * ignored, so an older response cannot replace a newer one. While the endpoint is unreachable the
 * known keys stay valid.
 */
import type { Clock } from '@gatehouse/clock'
import { ProblemError } from '@gatehouse/contract'
import { sendRequest } from '../feed/httpClient.ts'
import { type Keys, keysFromJwks, type PublicKey } from './publicKey.ts'

/** The options of fetched keys. */
export interface JwksOptions {
  url: string
  clock: Clock
  /** The minimum time between two fetches for unknown keys, in milliseconds. */
  coolDownMs?: number
  refreshMs?: number
  timeoutMs?: number
  maxKeys?: number
  maxBytes?: number
  random?: () => number
  /** Receives the error of each failed fetch. */
  onFailure?: (error: unknown) => void
}

const defaults = {
  coolDownMs: 30_000,
  refreshMs: 300_000,
  timeoutMs: 5000,
  maxKeys: 20,
  maxBytes: 65_536,
  random: Math.random,
  onFailure: () => {},
}

/**
 * @param options the URL, the clock and limits
 * @returns keys that are fetched after `start`
 */
export function jwksKeys(options: JwksOptions): Keys {
  const settings: Required<JwksOptions> = { ...defaults, ...options }
  const { clock, coolDownMs } = settings
  const stopping = new AbortController()
  let keys = new Map<string, PublicKey>()
  let pending: Promise<void> | null = null
  let startedAtMs = Number.NEGATIVE_INFINITY
  let isLoaded = false
  let lastFetchFailed = false
  let refreshing: Promise<void> = Promise.resolve()

  async function load(): Promise<void> {
    startedAtMs = clock.nowMs()
    try {
      keys = mergeKeys(keys, await fetchKeys(settings, stopping.signal))
      isLoaded = true
      lastFetchFailed = false
    } catch (error) {
      lastFetchFailed = true
      if (!stopping.signal.aborted) settings.onFailure(error)
    } finally {
      pending = null
    }
  }

  function loadOnce(): Promise<void> {
    pending ??= load()
    return pending
  }

  async function refresh(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      failures = lastFetchFailed ? failures + 1 : 0
      await clock.sleep(pauseMs(failures, settings), stopping.signal)
      await loadOnce()
    }
  }

  return {
    find: kid => keys.get(kid),
    async fetchKey(kid) {
      if (pending !== null || clock.nowMs() - startedAtMs >= coolDownMs) await loadOnce()
      const key = keys.get(kid)
      // The key may exist although the fetch failed, so the answer is 503 and not 401.
      if (key === undefined && lastFetchFailed) throw new ProblemError('unavailable', 'fetching the keys failed')
      return key
    },
    isLoaded: () => isLoaded,
    async start() {
      const first = loadOnce()
      refreshing = first.then(refresh).catch(() => {})
      await first
    },
    async stop() {
      stopping.abort(new Error('stopping'))
      await refreshing
    },
  }
}

async function fetchKeys(settings: Required<JwksOptions>, signal: AbortSignal): Promise<PublicKey[]> {
  const { url, clock, timeoutMs, maxBytes, maxKeys } = settings
  const { status, text } = await sendRequest(clock, {
    url,
    headers: { accept: 'application/jwk-set+json, application/json' },
    timeoutMs,
    maxBytes,
    signal,
  })
  if (status !== 200) throw new Error(`${url} answered ${status}`)
  return keysFromJwks(JSON.parse(text), maxKeys)
}

/**
 * An unchanged key keeps its object, so that tokens verified with it stay cached. The other known
 * keys are withdrawn.
 */
function mergeKeys(known: Map<string, PublicKey>, published: PublicKey[]): Map<string, PublicKey> {
  const next = new Map(
    published.map(key => {
      const unchanged = known.get(key.kid)
      return [key.kid, unchanged?.pem === key.pem && unchanged.algorithm === key.algorithm ? unchanged : key]
    }),
  )
  for (const key of known.values()) if (next.get(key.kid) !== key) key.isWithdrawn = true
  return next
}

/**
 * Varies by 10 %, so that processes started together do not fetch together. After a failure the
 * pause is short.
 */
function pauseMs(failures: number, { refreshMs, random }: Required<JwksOptions>): number {
  const pause = failures === 0 ? refreshMs : Math.min(5000, 125 * 2 ** Math.min(failures, 16))
  return pause * (0.9 + 0.2 * random())
}
