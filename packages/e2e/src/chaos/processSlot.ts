/** A slot for one process at a time, always at the same address. */

import { systemClock } from '@gatehouse/clock'
import { type Call, httpClient } from '@gatehouse/testkit'
import type { Service } from '../system.ts'
import type { LoggedErrors, UnexpectedExit } from './history.ts'

export interface ProcessSlot {
  name: string
  port: number
  call: Call
  /** The newest process of the slot. @throws Error before the first start */
  service: () => Service
  /** Starts a process; the one before must have exited. */
  start: () => Promise<void>
  /** Sends SIGKILL and waits for the exit. */
  kill: () => Promise<void>
  /** Sends SIGTERM and waits for the exit. */
  stop: () => Promise<void>
  /** From now on an exit is expected, because the run ends. */
  retire: () => void
}

export interface ProcessSlotOptions {
  name: string
  port: number
  start: (port: number) => Promise<Service>
  record: (event: UnexpectedExit | LoggedErrors) => void
}

const lastLog = 15
/** A line of level error or fatal, as pino writes it. */
const error = /^\{"level":[56]0/

export function createProcessSlot({ name, port, start, record }: ProcessSlotOptions): ProcessSlot {
  let current: Service | undefined
  const expected = new WeakSet<Service>()
  let isRetired = false

  const service = () => {
    if (current === undefined) throw new Error(`${name} was never started`)
    return current
  }
  const watch = async (started: Service) => {
    await started.exited
    const nowMs = systemClock.nowMs()
    const common = { target: name, startMs: nowMs, endMs: nowMs }
    const proxies = started.logs.filter(line => error.test(line))
    if (proxies.length > 0) record({ kind: 'logged-errors', ...common, proxies })
    if (expected.has(started) || isRetired) return
    record({ kind: 'unexpected-exit', ...common, lastLog: started.logs.slice(-lastLog) })
  }
  return {
    name,
    port,
    call: httpClient(`http://127.0.0.1:${port}`),
    service,
    start: async () => {
      const started = await retried(() => start(port))
      current = started
      void watch(started)
    },
    kill: async () => {
      expected.add(service())
      await service().kill()
    },
    stop: async () => {
      expected.add(service())
      await service().stop()
    },
    retire: () => {
      isRetired = true
    },
  }
}

/** While the slot was empty, the kernel may have lent its port to an outgoing connection. */
async function retried(start: () => Promise<Service>, attemptsLeft = 5): Promise<Service> {
  try {
    return await start()
  } catch (error) {
    if (attemptsLeft === 1 || !String(error).includes('EADDRINUSE')) throw error
    await systemClock.sleep(300)
    return retried(start, attemptsLeft - 1)
  }
}
