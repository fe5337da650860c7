/** A place in which one process follows another, always at the same address. */

import { systemClock } from '@gatehouse/clock'
import { type Call, httpClient } from '@gatehouse/testkit'
import type { Service } from '../system.ts'
import type { Death, Outcry } from './history.ts'

export interface ProcessSlot {
  name: string
  port: number
  call: Call
  /** The process that stands there. @throws Error when there was none yet */
  service: () => Service
  /** Somebody else takes the place, once the process before is gone. */
  enter: () => Promise<void>
  /** No time to say goodbye. */
  kill: () => Promise<void>
  /** Says goodbye. */
  stop: () => Promise<void>
  /** From now on whoever ends, ends because the run does. */
  retire: () => void
}

export interface PlaceOptions {
  name: string
  port: number
  start: (port: number) => Promise<Service>
  note: (happening: Death | Outcry) => void
}

const lastWords = 15
/** An error in a service's log, as pino writes it: something that nobody had foreseen. */
const error = /^\{"level":[56]0/

export function placeAt({ name, port, start, note }: PlaceOptions): ProcessSlot {
  let present: Service | undefined
  const expected = new WeakSet<Service>()
  let isRetired = false

  const service = () => {
    if (present === undefined) throw new Error(`nobody has been at ${name} yet`)
    return present
  }
  const watch = async (entered: Service) => {
    await entered.exited
    const nowMs = systemClock.nowMs()
    const common = { target: name, startMs: nowMs, endMs: nowMs }
    const lines = entered.logs.filter(line => error.test(line))
    if (lines.length > 0) note({ kind: 'outcry', ...common, lines })
    if (expected.has(entered) || isRetired) return
    note({ kind: 'death', ...common, lastWords: entered.logs.slice(-lastWords) })
  }
  return {
    name,
    port,
    call: httpClient(`http://127.0.0.1:${port}`),
    service,
    enter: async () => {
      const entered = await retried(() => start(port))
      present = entered
      void watch(entered)
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

/** While the place was empty, the port may have been lent to somebody's outgoing connection. */
async function retried(start: () => Promise<Service>, attemptsLeft = 5): Promise<Service> {
  try {
    return await start()
  } catch (error) {
    if (attemptsLeft === 1 || !String(error).includes('EADDRINUSE')) throw error
    await systemClock.sleep(300)
    return retried(start, attemptsLeft - 1)
  }
}
