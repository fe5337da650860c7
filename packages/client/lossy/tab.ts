/** One tab of a person: a client whose every effect passes through a gate that can be shut, as when a process is killed. */
import type { BrowserOptions, Channel } from '../src/browser.ts'
import type { Client, State, Store } from '../src/index.ts'
import type { FastClock } from './clock.ts'

export type CreateClient = (options: BrowserOptions) => Client

export interface TabOptions {
  create: CreateClient
  auth: string
  api: string
  clock: FastClock
  /** Undefined for the cookie transport. */
  store: Store | undefined
  fetch: typeof fetch
  /** Null for the core alone, without plug-ins. */
  channel: Channel | null
  onState(state: State): void
  /** From this step on nothing that the client does has an effect; Infinity for never. */
  killAt: number
}

export interface Tab {
  client: Client
  isKilled(): boolean
  /** It was killed, or will be. */
  isDoomed: boolean
  /** Resolves when the tab is killed or closed: what it waits for then never ends. */
  gone: Promise<unknown>
  /** Effects so far: both sides of calls, of reads and of writes. */
  steps(): number
  wake(): void
  close(): void
}

export function openTab({ killAt, store, ...options }: TabOptions): Tab {
  const { fetch, channel, clock } = options
  let steps = 0
  let wake = () => {}
  const dead = new AbortController()
  const isKilled = () => dead.signal.aborted
  /** Never resolves in a killed tab. Its connections close with it. */
  const step = async () => {
    steps += 1
    if (steps >= killAt) dead.abort()
    if (isKilled()) await new Promise<never>(() => {})
  }

  const client = options.create({
    auth: options.auth,
    origins: [new URL(options.api).origin],
    clock,
    channel,
    callTimeoutMs: 100_000,
    timeLimitMs: 100_000,
    page: channel && {
      isVisible: () => !isKilled(),
      listen: listener => {
        wake = listener
      },
    },
    fetch: async (input, init) => {
      await step()
      const signals = [dead.signal, init?.signal ?? (input instanceof Request ? input.signal : dead.signal)]
      const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) })
      await step()
      return response
    },
    ...(store && {
      store: {
        read: async () => {
          await step()
          return store.read()
        },
        write: async text => {
          await step()
          await store.write(text)
          await step()
        },
      },
    }),
  })
  client.subscribe(state => {
    if (!isKilled()) options.onState(state)
  })
  return {
    client,
    isKilled,
    isDoomed: Number.isFinite(killAt),
    gone: new Promise(resolve => {
      dead.signal.addEventListener('abort', resolve)
    }),
    steps: () => steps,
    wake: () => wake(),
    close() {
      dead.abort()
      client.close()
    },
  }
}
